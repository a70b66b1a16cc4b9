-- What was the worst month of all made of?
select line_number, line, item, amount from marts.pnl_bridge
where (account_id, period_kind, period_start) = (
    select (account_id, period_kind, period_start) from marts.pnl_periods
    where period_kind = 'month' order by total_pnl limit 1
)
order by line_number
