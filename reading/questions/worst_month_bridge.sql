-- What was the worst month of all made of, in each currency?
select currency, account_id, period_start, line, item, amount from marts.pnl_bridge
join (
    select account_id, period_kind, period_start from marts.pnl_periods
    where period_kind = 'month' and total_pnl is not null
    qualify row_number() over (partition by currency order by total_pnl, account_id, period_start) = 1
) as worst using (account_id, period_kind, period_start)
order by currency, account_id, period_start, line_number
