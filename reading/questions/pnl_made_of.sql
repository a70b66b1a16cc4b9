-- What is the net P&L between two nights made of?
with earned as (
    select coalesce(currency, '(unknown)') as currency, sum(realized_pnl) as realized, sum(unrealized_pnl) as unrealized,
        sum(dividend_income) as dividends, sum(interest_income) as interest, -sum(fees_paid) as fees, sum(net_pnl) as net
    from marts.pnl_daily
    where ($currency is null or coalesce(currency, '(unknown)') = $currency)
        and ($account_id is null or account_id = $account_id)
        and ($first is null or as_of_date > $first) and ($last is null or as_of_date <= $last)
    group by all
),

steps as (
    select currency, unnest([1, 2, 3, 4, 5, 6]) as line_number,
        unnest(['realized', 'unrealized', 'dividends', 'interest', 'fees', 'net P&L']) as line,
        unnest([false, false, false, false, false, true]) as is_level,
        unnest([realized, unrealized, dividends, interest, fees, net]) as amount
    from earned
)

select currency, line_number, line, is_level, amount,
    case when is_level then 0 else coalesce(sum(amount) over before, 0) end as starts_at,
    case when is_level then amount else coalesce(sum(amount) over before, 0) + coalesce(amount, 0) end as ends_at
from steps
window before as (partition by currency order by line_number rows between unbounded preceding and 1 preceding)
order by currency, line_number
