-- What was earned each night, what was it made of, and of how many accounts is it known?
with nights as (
    select as_of_date, coalesce(currency, '(unknown)') as currency, sum(net_pnl) as net_pnl,
        -- parts count where the whole is known
        sum(realized_pnl) filter (net_pnl is not null) as realized_pnl,
        sum(unrealized_pnl) filter (net_pnl is not null) as unrealized_pnl,
        sum(dividend_income) filter (net_pnl is not null) as dividend_income,
        sum(interest_income) filter (net_pnl is not null) as interest_income,
        -sum(fees_paid) filter (net_pnl is not null) as fees_paid,
        count(net_pnl) as accounts_known, count(*) as accounts
    from marts.pnl_daily
    where ($currency is null or coalesce(currency, '(unknown)') = $currency)
        and ($account_id is null or account_id = $account_id)
        and ($first is null or as_of_date > $first) and ($last is null or as_of_date <= $last)
    group by all
),

spans as (
    select currency, min(as_of_date) as first_on, max(as_of_date) as last_on from nights group by currency
)

-- a row for each trading day, so that a missing night is a gap; its P&L is in the night after it
select calendar_date as as_of_date, spans.currency, net_pnl, realized_pnl, unrealized_pnl, dividend_income, interest_income,
    fees_paid, accounts_known, accounts,
    case when net_pnl is not null then sum(net_pnl) over night end as net_pnl_so_far
from marts.dates
join spans on calendar_date between first_on and last_on
left join nights
    on calendar_date = nights.as_of_date and spans.currency = nights.currency
where is_session or nights.as_of_date is not null
window night as (partition by spans.currency order by calendar_date)
order by spans.currency, calendar_date
