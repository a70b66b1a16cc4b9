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

heads as (

    select * from {{ ref('stg_bluum__rebalancing') }}

),

allocations as (

    select
        as_of_date,
        portfolio_id,
        {{ difference('actual_percent', 'target_percent') }} as drift_percent,
        case
            when min_percent is not null and max_percent is not null
                then greatest({{ difference('actual_percent', 'max_percent') }}, 0)
        end as excess_percent,
        case
            when min_percent is not null and max_percent is not null
                then greatest({{ difference('min_percent', 'actual_percent') }}, 0)
        end as lack_percent,
        is_outside_band,
        policy_target_percent,
        actual_percent
    from {{ ref('allocation_drift_daily') }}

),

added as (

    select
        analyses.as_of_date,
        analyses.portfolio_id,
        max(abs(allocations.drift_percent)) as max_abs_drift_percent,
        {{ computable('sum(abs(' ~ computable('allocations.drift_percent') ~ '))') }} * 0.5 as one_way_turnover_percent,
        sum({{ square('allocations.drift_percent') }}) as sum_of_squares,
        greatest(
            sum({{ computable('allocations.excess_percent') }}),
            sum({{ computable('allocations.lack_percent') }})
        ) as turnover_into_bands_percent,
        -- Shares of classes that a policy with targets does not name.
        case
            when count(allocations.policy_target_percent) > 0
                then sum(
                    case when allocations.policy_target_percent is null then {{ computable('actual_percent') }} else 0 end
                )
        end as off_policy_percent,
        case
            when count(allocations.is_outside_band) > 0
                then count(case when allocations.is_outside_band then 1 end)
        end as classes_outside_band
    from analyses
    inner join allocations
        on analyses.as_of_date = allocations.as_of_date
        and analyses.portfolio_id = allocations.portfolio_id
    group by analyses.as_of_date, analyses.portfolio_id

),

final as (

    select
        analyses.as_of_date,
        analyses.portfolio_id,
        analyses.account_id,
        heads.currency,
        cast(added.max_abs_drift_percent as decimal(38, 9)) as max_abs_drift_percent,
        cast(added.one_way_turnover_percent as decimal(38, 9)) as one_way_turnover_percent,
        {{ square_root('added.sum_of_squares') }} as l2_drift_percent,
        cast(added.turnover_into_bands_percent as decimal(38, 9)) as turnover_into_bands_percent,
        added.classes_outside_band,
        cast(added.off_policy_percent as decimal(38, 9)) as off_policy_percent,
        heads.needs_rebalancing,
        heads.rebalancing_reason,
        heads.analysis_timestamp,
        {{ market_date('heads.analysis_timestamp') }} < analyses.as_of_date as is_cached,
        heads.last_rebalanced_at,
        heads.estimated_short_term_gains,
        heads.estimated_long_term_gains,
        heads.harvestable_losses,
        heads.tax_loss_harvesting_available
    from analyses
    left join added
        on analyses.as_of_date = added.as_of_date
        and analyses.portfolio_id = added.portfolio_id
    left join heads
        on analyses.response_id = heads.response_id
        and analyses.as_of_date = heads.as_of_date
        and analyses.portfolio_id = heads.portfolio_id

)

select * from final
