-- Which was each account's worst month?
select account_id, period_start, total_pnl, is_complete from marts.pnl_periods
where period_kind = 'month' and total_pnl is not null
qualify row_number() over (partition by account_id order by total_pnl) = 1
order by total_pnl limit 5
