-- Which currencies do portfolios and P&L have, "(unknown)" where none is told?
select distinct currency
from (
    select coalesce(currency, '(unknown)') as currency from marts.portfolios
    union all
    select coalesce(currency, '(unknown)') as currency from marts.pnl_daily
)
order by currency = '(unknown)', currency
