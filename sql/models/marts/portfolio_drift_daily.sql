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

-- A class that has a target but no share, or no figure that can be computed with, leaves the sums unknown; one without a
-- target has no drift.
allocations as (

    select
        as_of_date,
        portfolio_id,
        {{ difference('actual_percent', 'target_percent') }} as drift_percent,
        case when target_percent is not null and {{ difference('actual_percent', 'target_percent') }} is null then 1 end
            as unknown_drift,
        {{ difference('actual_percent', 'max_percent') }} as over_max_percent,
        {{ difference('min_percent', 'actual_percent') }} as under_min_percent,
        min_percent is not null or max_percent is not null as has_band,
        is_outside_band
    from {{ ref('allocation_drift_daily') }}

),

added as (

    select
        analyses.as_of_date,
        analyses.portfolio_id,
        max(abs(allocations.drift_percent)) as max_abs_drift_percent,
        {{ computable('sum(abs(' ~ computable('allocations.drift_percent') ~ '))') }} * 0.5 as one_way_turnover_percent,
        sum({{ square('allocations.drift_percent') }}) as sum_of_squares,
        count(allocations.unknown_drift) as unknown_drifts,
        sum(case when allocations.over_max_percent > 0 then {{ computable('allocations.over_max_percent') }} else 0 end)
            as excess_percent,
        sum(case when allocations.under_min_percent > 0 then {{ computable('allocations.under_min_percent') }} else 0 end)
            as lack_percent,
        count(case when allocations.has_band then 1 end) as bands,
        count(
            case
                when allocations.has_band
                    and (allocations.over_max_percent is null or allocations.under_min_percent is null) then 1
            end
        ) as unknown_bands,
        count(case when allocations.is_outside_band then 1 end) as classes_outside_band
    from analyses
    inner join allocations
        on analyses.as_of_date = allocations.as_of_date
        and analyses.portfolio_id = allocations.portfolio_id
    group by analyses.as_of_date, analyses.portfolio_id

),

-- Of these a class waits in quarantine.
unread as (

    select distinct response_id
    from {{ ref('int_quarantined') }}
    where table_name = 'rebalancing_allocations'

),

final as (

    select
        analyses.as_of_date,
        analyses.portfolio_id,
        analyses.account_id,
        heads.currency,
        {% for figure in ['max_abs_drift_percent', 'one_way_turnover_percent'] -%}
        cast(
            case when unread.response_id is null and added.unknown_drifts = 0 then added.{{ figure }} end as decimal(38, 9)
        ) as {{ figure }},
        {% endfor -%}
        case when unread.response_id is null and added.unknown_drifts = 0 then {{ square_root('added.sum_of_squares') }} end
            as l2_drift_percent,
        cast(
            case
                when unread.response_id is null and added.bands > 0 and added.unknown_bands = 0
                    then greatest(added.excess_percent, added.lack_percent)
            end as decimal(38, 9)
        ) as turnover_into_bands_percent,
        -- One that is known to be outside is one at least; that none is can be said of all of them only.
        case
            when added.classes_outside_band > 0 then added.classes_outside_band
            when unread.response_id is null and added.bands > 0 and added.unknown_bands = 0 then 0
        end as classes_outside_band,
        cast(case when not off_policy.is_partial then off_policy.off_policy_percent end as decimal(38, 9))
            as off_policy_percent,
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
    left join unread
        on analyses.response_id = unread.response_id
    left join {{ ref('int_off_policy') }} as off_policy
        on analyses.as_of_date = off_policy.as_of_date
        and analyses.portfolio_id = off_policy.portfolio_id
    left join heads
        on analyses.response_id = heads.response_id
        and analyses.as_of_date = heads.as_of_date
        and analyses.portfolio_id = heads.portfolio_id

)

select * from final
