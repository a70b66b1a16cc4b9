-- How does the firm stand, and what of it is not known?
select as_of_date, currency, accounts_listed, accounts_complete, accounts_inside, accounts_outside,
    accounts_unknown, total_value, portfolios_with_value, portfolios, net_pnl, episodes_opened, episodes_closed
from marts.firm_daily order by as_of_date desc, currency limit 5
