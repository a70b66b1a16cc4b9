{{ config(materialized='view') }}

-- A view, in the published file too: it names its tables without their database, and tables of the marts alone.

with

episodes as (

    select * from {{ ref('drift_episodes').include(database=false) }}

),

final as (

    select
        classes.as_of_date,
        classes.portfolio_id,
        classes.asset_class,
        classes.is_reported,
        classes.target_percent,
        classes.actual_percent,
        classes.drift_percent,
        classes.relative_drift_percent,
        classes.policy_version,
        classes.policy_target_percent,
        classes.policy_drift_percent,
        classes.min_percent,
        classes.max_percent,
        classes.threshold_percent,
        classes.band_distance_percent,
        classes.is_outside_band,
        classes.is_over_threshold,
        classes.policy_version_then,
        classes.is_outside_band_then,
        classes.is_over_threshold_then,
        classes.account_id,
        nights.status as account_status,
        nights.currency as account_currency,
        nights.is_complete as is_account_complete,
        portfolios.name as portfolio_name,
        portfolios.status as portfolio_status,
        heads.currency as portfolio_currency,
        heads.max_abs_drift_percent as portfolio_max_abs_drift_percent,
        heads.one_way_turnover_percent as portfolio_one_way_turnover_percent,
        heads.needs_rebalancing,
        heads.is_cached,
        classes.ips_id,
        versions.status as policy_status,
        versions.effective_from as policy_effective_from,
        versions.effective_to as policy_effective_to,
        versions.risk_tolerance,
        band.started_on as band_episode_started_on,
        band.direction as band_episode_direction,
        band.outcome as band_episode_outcome,
        band.peak_distance_percent as band_episode_peak_distance_percent,
        band.is_left_censored as band_episode_is_left_censored,
        threshold.started_on as threshold_episode_started_on,
        threshold.direction as threshold_episode_direction,
        threshold.outcome as threshold_episode_outcome,
        threshold.peak_distance_percent as threshold_episode_peak_distance_percent,
        threshold.is_left_censored as threshold_episode_is_left_censored,
        calendar.is_session,
        classes.response_id
    from {{ ref('allocation_drift_daily').include(database=false) }} as classes
    left join {{ ref('account_nights').include(database=false) }} as nights
        on classes.account_id = nights.account_id
        and classes.as_of_date = nights.as_of_date
    left join {{ ref('portfolios').include(database=false) }} as portfolios
        on classes.portfolio_id = portfolios.portfolio_id
    left join {{ ref('portfolio_drift_daily').include(database=false) }} as heads
        on classes.as_of_date = heads.as_of_date
        and classes.portfolio_id = heads.portfolio_id
    left join {{ ref('policy_versions').include(database=false) }} as versions
        on classes.account_id = versions.account_id
        and classes.ips_id = versions.ips_id
        and classes.policy_version = versions.version
    left join episodes as band
        on classes.portfolio_id = band.portfolio_id
        and classes.asset_class = band.asset_class
        and band.breach_kind = 'band'
        and classes.as_of_date between band.started_on and band.last_breach_on
    left join episodes as threshold
        on classes.portfolio_id = threshold.portfolio_id
        and classes.asset_class = threshold.asset_class
        and threshold.breach_kind = 'threshold'
        and classes.as_of_date between threshold.started_on and threshold.last_breach_on
    left join {{ ref('dates').include(database=false) }} as calendar
        on classes.as_of_date = calendar.calendar_date

)

select * from final
