-- How many accounts are inside policy, outside, or not to be judged on the newest night, by currency?
select
    currency, accounts, accounts_listed, accounts_complete, accounts_with_policy, accounts_inside, accounts_outside,
    accounts_unknown, total_value, portfolios_with_value, portfolios, episodes_open
from marts.firm_daily
where as_of_date = (select max(as_of_date) from marts.sync_coverage_daily where endpoint = 'accounts')
order by accounts desc, currency
