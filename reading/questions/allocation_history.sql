-- How did the shares of a portfolio's asset classes move against their targets and bands, night after night?
with classes as (
    select distinct portfolio_id, asset_class from marts.allocation_drift_daily
    where portfolio_id = $portfolio_id and ($asset_class is null or asset_class = $asset_class)
),

known as (
    select min(as_of_date) as first_on, max(as_of_date) as last_on from marts.allocation_drift_daily
    where portfolio_id = $portfolio_id
)

-- a row for each trading day, so that a night nobody asked is a row of nulls and not a line drawn across it
select calendar_date as as_of_date, classes.asset_class, actual_percent, target_percent, min_percent, max_percent,
    drift_percent, band_distance_percent, policy_version,
    case
        when band_distance_percent > 0 then 'above its band'
        when band_distance_percent < 0 then 'below its band'
        when is_over_threshold then 'over its threshold'
        when actual_percent is null then 'no analysis'
        when is_outside_band is null and is_over_threshold is null then 'not known'
        else 'inside'
    end as state
from marts.dates
cross join classes
left join marts.allocation_drift_daily as drift
    on calendar_date = drift.as_of_date and classes.portfolio_id = drift.portfolio_id
        and classes.asset_class = drift.asset_class
where (is_session or drift.as_of_date is not null)
    and calendar_date between (select first_on from known) and (select last_on from known)
    and ($first is null or calendar_date >= $first) and ($last is null or calendar_date <= $last)
order by classes.asset_class, calendar_date
