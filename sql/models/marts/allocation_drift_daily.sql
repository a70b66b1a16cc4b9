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

    select
        analyses.as_of_date,
        analyses.portfolio_id,
        allocations.asset_class,
        allocations.target_percent,
        allocations.actual_percent,
        allocations.drift_percent,
        true as is_reported
    from analyses
    inner join {{ ref('stg_bluum__rebalancing_allocations') }} as allocations
        on analyses.response_id = allocations.response_id
        and analyses.as_of_date = allocations.as_of_date
        and analyses.portfolio_id = allocations.portfolio_id

),

-- An analysis whose classes add up to the whole says of every other class that there is none of it.
complete as (

    select
        as_of_date,
        portfolio_id
    from allocations
    group by as_of_date, portfolio_id
    having count(*) = count(actual_percent)
        and abs(sum({{ computable('actual_percent') }}) - 100) <= {{ tolerance('total_percent_tolerance') }}

),

targets as (

    select * from {{ ref('stg_bluum__policy_targets') }}

),

-- The classes that a policy names and a complete analysis leaves out.
left_out as (

    {% for suffix in ['', '_then'] -%}
    select
        analyses.as_of_date,
        analyses.portfolio_id,
        targets.asset_class
    from analyses
    inner join complete
        on analyses.as_of_date = complete.as_of_date
        and analyses.portfolio_id = complete.portfolio_id
    inner join targets
        on analyses.body_response_id{{ suffix }} = targets.response_id
        and analyses.account_id = targets.account_id
        and analyses.ips_id{{ suffix }} = targets.ips_id
        and analyses.policy_version{{ suffix }} = targets.version
    left join allocations
        on analyses.as_of_date = allocations.as_of_date
        and analyses.portfolio_id = allocations.portfolio_id
        and targets.asset_class = allocations.asset_class
    where allocations.asset_class is null
    {{ "union" if not loop.last }}
    {% endfor %}

),

classes as (

    select * from allocations

    union all

    select
        as_of_date,
        portfolio_id,
        asset_class,
        cast(null as decimal(38, 9)) as target_percent,
        cast(0 as decimal(38, 9)) as actual_percent,
        cast(null as decimal(38, 9)) as drift_percent,
        false as is_reported
    from left_out

),

joined as (

    select
        analyses.as_of_date,
        analyses.portfolio_id,
        classes.asset_class,
        analyses.account_id,
        classes.is_reported,
        classes.target_percent,
        classes.actual_percent,
        classes.drift_percent,
        {{ difference('classes.actual_percent', 'classes.target_percent') }} as recomputed_drift_percent,
        {% for suffix in ['', '_then'] -%}
        analyses.policy_version{{ suffix }},
        analyses.threshold_percent{{ suffix }},
        targets{{ suffix }}.target_percent as policy_target_percent{{ suffix }},
        targets{{ suffix }}.min_percent as min_percent{{ suffix }},
        targets{{ suffix }}.max_percent as max_percent{{ suffix }},
        {% endfor -%}
        analyses.ips_id,
        analyses.response_id,
        analyses.received_at
    from analyses
    inner join classes
        on analyses.as_of_date = classes.as_of_date
        and analyses.portfolio_id = classes.portfolio_id
    {% for suffix in ['', '_then'] -%}
    left join targets as targets{{ suffix }}
        on analyses.body_response_id{{ suffix }} = targets{{ suffix }}.response_id
        and analyses.account_id = targets{{ suffix }}.account_id
        and analyses.ips_id{{ suffix }} = targets{{ suffix }}.ips_id
        and analyses.policy_version{{ suffix }} = targets{{ suffix }}.version
        and classes.asset_class = targets{{ suffix }}.asset_class
    {% endfor %}

),

measured as (

    select
        *,
        {{ band_distance('min_percent', 'max_percent') }} as band_distance_percent,
        {{ band_distance('min_percent_then', 'max_percent_then') }} as band_distance_percent_then
    from joined

),

final as (

    select
        as_of_date,
        portfolio_id,
        asset_class,
        account_id,
        is_reported,
        target_percent,
        actual_percent,
        drift_percent,
        {{ ratio('recomputed_drift_percent', 'target_percent', times=100) }} as relative_drift_percent,
        ips_id,
        policy_version,
        policy_target_percent,
        {{ difference('actual_percent', 'policy_target_percent') }} as policy_drift_percent,
        min_percent,
        max_percent,
        threshold_percent,
        cast(band_distance_percent as decimal(38, 9)) as band_distance_percent,
        band_distance_percent <> 0 as is_outside_band,
        abs(recomputed_drift_percent) >= {{ computable('threshold_percent') }} as is_over_threshold,
        policy_version_then,
        band_distance_percent_then <> 0 as is_outside_band_then,
        abs(recomputed_drift_percent) >= {{ computable('threshold_percent_then') }} as is_over_threshold_then,
        received_at as known_from,
        response_id
    from measured

)

select * from final
