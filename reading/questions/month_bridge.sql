-- What made an account's net P&L to date through the newest night's month (the 25 largest lines by symbol, the rest in one)?
with
    lines as (
        select
            *,
            row_number() over (
                partition by account_id, item is null order by abs(amount) desc nulls last, line_number
            ) as place
        from marts.pnl_bridge
        where
            period_kind = 'month'
            and period_start
            = date_trunc('month', (select max(as_of_date) from marts.sync_coverage_daily where endpoint = 'accounts'))
            and (
                cast($account_ids as varchar[]) is null
                or account_id in (select unnest(cast($account_ids as varchar[])))
            )
    ),

    shown as (
        select
            account_id, line_number, line, item, currency, amount, unknown_reason, is_complete, period_start, period_end,
            1 as lines
        from lines
        where item is null or place <= 25
        union all
        -- All others in one line, so that those that are shown still add up.
        select
            account_id, max(line_number) as line_number, 'all_others' as line, null as item,
            any_value(currency) as currency, sum(amount) as amount, any_value(unknown_reason) as unknown_reason,
            bool_and(is_complete) as is_complete, any_value(period_start) as period_start,
            any_value(period_end) as period_end, count(*) as lines
        from lines
        where item is not null and place > 25
        group by account_id
    )

select * from shown order by account_id, line = 'closing', line = 'all_others', line_number
