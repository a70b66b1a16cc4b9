{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- depends_on: {{ ref('int_changes') }}

with

analyses as (

    select *
    from {{ ref('int_analyses_dated') }} as analyses
    where outcome = 'ok'
        {% if is_incremental() -%}
        and {{ is_changed('analyses.account_id', 'analyses.as_of_date') }}
        {%- endif %}

),

allocations as (

    select * from {{ ref('stg_bluum__rebalancing_allocations') }}

),

versions as (

    select * from {{ ref('policy_versions') }}

),

targets as (

    select * from {{ ref('policy_targets') }}

),

joined as (

    select
        analyses.as_of_date,
        analyses.portfolio_id,
        allocations.asset_class,
        analyses.account_id,
        allocations.target_percent,
        allocations.actual_percent,
        allocations.drift_percent,
        {{ difference('allocations.actual_percent', 'allocations.target_percent') }} as recomputed_drift_percent,
        analyses.policy_version,
        targets.target_percent as policy_target_percent,
        targets.min_percent,
        targets.max_percent,
        versions.threshold_percent,
        analyses.response_id
    from analyses
    inner join allocations
        on analyses.response_id = allocations.response_id
        and analyses.as_of_date = allocations.as_of_date
        and analyses.portfolio_id = allocations.portfolio_id
    left join versions
        on analyses.account_id = versions.account_id
        and analyses.ips_id = versions.ips_id
        and analyses.policy_version = versions.version
    left join targets
        on analyses.account_id = targets.account_id
        and analyses.ips_id = targets.ips_id
        and analyses.policy_version = targets.version
        and allocations.asset_class = targets.asset_class

),

measured as (

    select
        *,
        case
            when actual_percent > max_percent then {{ difference('actual_percent', 'max_percent') }}
            when actual_percent < min_percent then {{ difference('actual_percent', 'min_percent') }}
            when actual_percent is not null and min_percent is not null and max_percent is not null then 0
        end as band_distance_percent
    from joined

),

final as (

    select
        as_of_date,
        portfolio_id,
        asset_class,
        account_id,
        target_percent,
        actual_percent,
        drift_percent,
        {{ ratio('recomputed_drift_percent', 'target_percent', times=100) }} as relative_drift_percent,
        policy_version,
        policy_target_percent,
        min_percent,
        max_percent,
        threshold_percent,
        cast(band_distance_percent as decimal(38, 9)) as band_distance_percent,
        band_distance_percent <> 0 as is_outside_band,
        abs(recomputed_drift_percent) >= threshold_percent as is_over_threshold,
        response_id
    from measured

)

select * from final
