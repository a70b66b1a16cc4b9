-- What is the net P&L between two nights made of, and of how many reports is it known?
with earned as (
    -- Parts count where the whole is known, so that they add up to it.
    select coalesce(currency, '(unknown)') as currency, count(net_pnl) as reports_known, count(*) as reports,
        sum(realized_pnl) filter (net_pnl is not null) as realized,
        sum(unrealized_pnl) filter (net_pnl is not null) as unrealized,
        sum(dividend_income) filter (net_pnl is not null) as dividends,
        sum(interest_income) filter (net_pnl is not null) as interest,
        -sum(fees_paid) filter (net_pnl is not null) as fees, sum(net_pnl) as net
    from marts.pnl_daily
    where ($currency is null or coalesce(currency, '(unknown)') = $currency)
        and ($account_id is null or account_id = $account_id)
        and ($first is null or as_of_date > $first) and ($last is null or as_of_date <= $last)
    group by all
),

-- The total that Bluum reports may be other than realized and unrealized P&L together.
rested as (
    select *,
        net - coalesce(realized, 0) - coalesce(unrealized, 0) - coalesce(dividends, 0) - coalesce(interest, 0)
        - coalesce(fees, 0) as residual
    from earned
),

steps as (
    select currency, reports_known, reports, unnest([1, 2, 3, 4, 5, 6, 7]) as line_number,
        unnest(['realized', 'unrealized', 'residual', 'dividends', 'interest', 'fees', 'net P&L']) as line,
        unnest([false, false, false, false, false, false, true]) as is_level,
        unnest([realized, unrealized, residual, dividends, interest, fees, net]) as amount
    from rested
)

select currency, line_number, line, is_level, amount, reports_known, reports,
    case when is_level then 0 else coalesce(sum(amount) over before, 0) end as starts_at,
    case when is_level then amount else coalesce(sum(amount) over before, 0) + coalesce(amount, 0) end as ends_at
from steps
where line <> 'residual' or amount <> 0
window before as (partition by currency order by line_number rows between unbounded preceding and 1 preceding)
order by currency, line_number
