{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- What an analysis and the one before it say of each class that either of them has.
-- depends_on: {{ ref('int_changes') }}

with

pairs as (

    select *
    from {{ ref('int_analysis_pairs') }} as pairs
    {% if is_incremental() -%}
    where {{ is_changed('pairs.account_id', 'pairs.as_of_date') }}
    {%- endif %}

),

allocations as (

    select
        as_of_date,
        portfolio_id,
        asset_class,
        actual_percent,
        -- What only the policy names is not told by the analysis.
        case when is_reported then actual_percent end as reported_percent,
        case when is_reported then target_percent end as target_percent
    from {{ ref('allocation_drift_daily') }}
    {% if is_incremental() -%}
    where as_of_date >= (select min(coalesce(pairs.previous_on, pairs.as_of_date)) from pairs)
    {%- endif %}

),

-- The classes of either night, each with what both nights say of it.
classes as (

    select
        as_of_date,
        portfolio_id,
        asset_class,
        count(actual_percent) as rows_now,
        max(actual_percent) as actual_percent,
        max(target_percent) as target_percent,
        count(previous_actual_percent) as rows_before,
        max(previous_actual_percent) as previous_actual_percent,
        max(previous_target_percent) as previous_target_percent
    from (
        {% set nothing = 'cast(null as decimal(38, 9))' -%}
        select
            pairs.as_of_date,
            pairs.portfolio_id,
            allocations.asset_class,
            allocations.reported_percent as actual_percent,
            allocations.target_percent,
            {{ nothing }} as previous_actual_percent,
            {{ nothing }} as previous_target_percent
        from pairs
        inner join allocations
            on pairs.portfolio_id = allocations.portfolio_id
            and pairs.as_of_date = allocations.as_of_date

        union all

        select
            pairs.as_of_date,
            pairs.portfolio_id,
            allocations.asset_class,
            {{ nothing }} as actual_percent,
            {{ nothing }} as target_percent,
            allocations.reported_percent as previous_actual_percent,
            allocations.target_percent as previous_target_percent
        from pairs
        inner join allocations
            on pairs.portfolio_id = allocations.portfolio_id
            and pairs.previous_on = allocations.as_of_date
    ) as sides
    group by as_of_date, portfolio_id, asset_class

),

-- An analysis whose classes add up to the whole says of every class that it does not name that there is none of it.
whole as (

    select
        as_of_date,
        portfolio_id,
        count(*) = count(actual_percent)
            and abs(sum({{ computable('actual_percent') }}) - 100) <= {{ tolerance('total_percent_tolerance') }} as is_whole
    from allocations
    group by as_of_date, portfolio_id

),

final as (

    select
        pairs.as_of_date,
        pairs.portfolio_id,
        classes.asset_class,
        pairs.account_id,
        pairs.previous_on,
        pairs.response_id,
        pairs.previous_response_id,
        {% for side, prefix in [('now', ''), ('before', 'previous_')] -%}
        {% for figure in ['actual_percent', 'target_percent'] -%}
        case
            when classes.rows_{{ side }} > 0 then classes.{{ prefix }}{{ figure }}
            when whole_{{ side }}.is_whole then 0
        end as {{ prefix }}{{ figure }}
        {{- "," if not loop.last }}
        {% endfor %}
        {{- "," if not loop.last }}
        {% endfor %}
    from pairs
    inner join classes
        on pairs.as_of_date = classes.as_of_date
        and pairs.portfolio_id = classes.portfolio_id
    left join whole as whole_now
        on pairs.as_of_date = whole_now.as_of_date
        and pairs.portfolio_id = whole_now.portfolio_id
    left join whole as whole_before
        on pairs.previous_on = whole_before.as_of_date
        and pairs.portfolio_id = whole_before.portfolio_id

)

select * from final
