-- By how much did drift change from one night to another, and what of it did the market, trades, flows and the policy do?
with added as (
    select causes.portfolio_id, portfolios.name as portfolio_name, account_number_last4, causes.asset_class,
        first(previous_drift_percent order by as_of_date) as drift_before,
        last(drift_percent order by as_of_date) as drift_after,
        sum(change_points) as change_points, sum(market_points) as market_points, sum(trades_points) as trades_points,
        sum(flows_points) as flows_points, sum(policy_points) as policy_points, sum(remainder_points) as remainder_points,
        count(unknown_reason) as nights_unexplained, count(*) as nights,
        string_agg(distinct unknown_reason, ', ' order by unknown_reason) as unknown_reason,
        count(*) over () as found
    from marts.drift_causes_daily as causes
    join marts.portfolios using (portfolio_id)
    left join marts.accounts on causes.account_id = accounts.account_id
    where as_of_date > $first and as_of_date <= $last
        and ($currency is null or coalesce(portfolios.currency, '(unknown)') = $currency)
        and ($portfolio_id is null or causes.portfolio_id = $portfolio_id)
        and ($asset_class is null or causes.asset_class = $asset_class)
    group by all
)

-- What moved on nights that do not tell the class is in no night's change, but in the way between the two ends.
select * replace (
    coalesce(drift_after - drift_before, change_points) as change_points,
    coalesce(
        drift_after - drift_before - coalesce(market_points, 0) - coalesce(trades_points, 0) - coalesce(flows_points, 0)
        - coalesce(policy_points, 0),
        remainder_points
    ) as remainder_points
)
from added
order by abs(coalesce(drift_after - drift_before, added.change_points)) desc nulls last, portfolio_id, asset_class
limit $most
