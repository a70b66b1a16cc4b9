-- How do all accounts of each currency stand together on one night, and of how many is it known?
select as_of_date, currency, accounts_listed, accounts_inside, accounts_outside, accounts_unknown, accounts_with_policy,
    accounts - accounts_with_policy as accounts_without_policy, total_value, portfolios_with_value, portfolios, net_pnl,
    accounts_with_net_pnl, episodes_opened, episodes_closed, episodes_open
from marts.firm_daily
where as_of_date = coalesce($night::date, (select max(as_of_date) from marts.firm_daily))
order by accounts_listed desc, currency
