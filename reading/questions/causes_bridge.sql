-- How did a portfolio's drift in one asset class get from where it was on one night to where it was on another?
with added as (
    select first(previous_drift_percent order by as_of_date) as before, last(drift_percent order by as_of_date) as after,
        sum(market_points) as market, sum(trades_points) as trades, sum(flows_points) as flows, sum(policy_points) as policy,
        sum(remainder_points) as remainder
    from marts.drift_causes_daily
    where portfolio_id = $portfolio_id and asset_class = $asset_class and as_of_date > $first and as_of_date <= $last
    having count(*) > 0
),

-- What moved on nights that do not tell the class is in no night's change, but in the way between the two ends.
moved as (
    select * replace (
        coalesce(
            after - before - coalesce(market, 0) - coalesce(trades, 0) - coalesce(flows, 0) - coalesce(policy, 0), remainder
        ) as remainder
    )
    from added
),

steps as (
    select unnest([1, 2, 3, 4, 5, 6, 7]) as line_number,
        unnest(['drift before', 'market', 'trades', 'flows', 'policy', 'remainder', 'drift after']) as line,
        unnest([true, false, false, false, false, false, true]) as is_level,
        unnest([before, market, trades, flows, policy, remainder, after]) as amount
    from moved
)

select line_number, line, is_level, amount,
    case when is_level then 0 else coalesce(sum(amount) over before, 0) end as starts_at,
    case when is_level then amount else coalesce(sum(amount) over before, 0) + coalesce(amount, 0) end as ends_at
from steps
window before as (order by line_number rows between unbounded preceding and 1 preceding)
order by line_number
