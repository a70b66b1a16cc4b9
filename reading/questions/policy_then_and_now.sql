-- Was each account within its policy, as known that night, and as known now?
select account_id, as_of_date, rule, subject, value, lower_limit_then, upper_limit_then, verdict_then,
    lower_limit, upper_limit, verdict
from marts.compliance_daily where verdict_then is distinct from verdict
order by account_id, as_of_date, rule, subject limit 5
