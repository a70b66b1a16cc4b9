-- By which rule of its policy is an account inside, outside or not to be judged, as known then and as known now?
select
    account_id, portfolio_id, rule, subject, unit, value, lower_limit, upper_limit, policy_version, verdict, unknown_reason,
    value_then, lower_limit_then, upper_limit_then, policy_version_then, verdict_then, unknown_reason_then
from marts.compliance_daily
where
    as_of_date = (select max(as_of_date) from marts.sync_coverage_daily where endpoint = 'accounts')
    and (
        cast($account_ids as varchar[]) is null
        or account_id in (select unnest(cast($account_ids as varchar[])))
    )
order by account_id, portfolio_id nulls first, rule, subject
