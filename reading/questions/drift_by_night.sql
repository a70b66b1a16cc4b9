-- How did each class of a portfolio stand to its target and band, night by night since $since?
with
    nights as (
        select
            portfolio_id, asset_class, as_of_date, actual_percent, coalesce(policy_target_percent, target_percent) as target,
            min_percent, max_percent, is_outside_band, is_over_threshold, ips_id, policy_version
        from marts.allocation_drift_daily
        where
            ($since is null or as_of_date >= $since)
            and (
                cast($account_ids as varchar[]) is null
                or account_id in (select unnest(cast($account_ids as varchar[])))
            )
    )

select
    nights.portfolio_id, nights.asset_class, date_diff('day', date '1970-01-01', nights.as_of_date) as day_number,
    -- Floats for places on an axis; what is read as a number comes from classes_tonight.
    cast(nights.actual_percent as double) as actual, cast(nights.target as double) as target,
    cast(nights.min_percent as double) as least, cast(nights.max_percent as double) as most,
    nights.is_outside_band as is_outside, nights.is_over_threshold, nights.ips_id, nights.policy_version,
    coalesce(
        dates.sessions_until - lag(dates.sessions_until) over by_class > 1, false
    ) as is_after_gap
from nights
left join marts.dates on nights.as_of_date = dates.calendar_date
window by_class as (partition by nights.portfolio_id, nights.asset_class order by nights.as_of_date)
order by nights.portfolio_id, nights.asset_class, nights.as_of_date
