-- Why did the drift of each class move, on the newest night and over the last twenty-one nights of the portfolio?
with
    nights as (
        select *, dense_rank() over (partition by portfolio_id order by as_of_date desc) as nights_ago
        from marts.drift_causes_daily
        where
            as_of_date >= (select max(as_of_date) from marts.sync_coverage_daily where endpoint = 'accounts') - 60
            and (
                cast($account_ids as varchar[]) is null
                or account_id in (select unnest(cast($account_ids as varchar[])))
            )
    ),

    spans as (
        select *, 'tonight' as span from nights
        where as_of_date = (select max(as_of_date) from marts.sync_coverage_daily where endpoint = 'accounts')
        union all
        select *, 'last_nights' as span from nights where nights_ago <= 21
    ),

    added as (
        select
            portfolio_id, span, asset_class, min(coalesce(previous_on, as_of_date)) as from_on, max(as_of_date) as to_on,
            count(*) as nights, first(previous_drift_percent order by as_of_date) as drift_before,
            last(drift_percent order by as_of_date) as drift_percent, sum(change_points) as change_points,
            sum(market_points) as market_points, sum(trades_points) as trades_points, sum(flows_points) as flows_points,
            sum(policy_points) as policy_points, sum(remainder_points) as remainder_points,
            count(unknown_reason) as nights_unexplained, any_value(unknown_reason) as unknown_reason,
            last(unknown_reason order by as_of_date) as last_unknown_reason
        from spans
        group by portfolio_id, span, asset_class
    )

-- What moved on nights that do not tell the class is in no night's change, but in the way between the two ends.
select
    * exclude (drift_before) replace (
        coalesce(drift_percent - drift_before, change_points) as change_points,
        coalesce(
            drift_percent - drift_before - coalesce(market_points, 0) - coalesce(trades_points, 0)
            - coalesce(flows_points, 0) - coalesce(policy_points, 0),
            remainder_points
        ) as remainder_points
    )
from added
order by
    portfolio_id, span desc, abs(coalesce(drift_percent - drift_before, added.change_points)) desc nulls last,
    asset_class
