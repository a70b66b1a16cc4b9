-- Which was each account's worst month (of each currency, the five worst)?
select account_id, currency, period_start, total_pnl, is_complete
from (
    select account_id, currency, period_start, total_pnl, is_complete from marts.pnl_periods
    where period_kind = 'month' and total_pnl is not null
    qualify row_number() over (partition by account_id, currency order by total_pnl, period_start) = 1
)
qualify row_number() over (partition by currency order by total_pnl, account_id) <= 5
order by currency, total_pnl, account_id
