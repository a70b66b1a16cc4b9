{{ config(materialized='table') }}

-- The last night of an account in a week, month, quarter or year, with the last one before that period.

with

kinds as (

    {% for kind in ['week', 'month', 'quarter', 'year'] -%}
    select '{{ kind }}' as period_kind
    {{ "union all" if not loop.last }}
    {% endfor %}

),

dated as (

    select
        nights.account_id,
        nights.as_of_date,
        nights.opened_on,
        nights.start_date,
        {% for measure in pnl_measures() -%}
        nights.{{ measure }},
        {% endfor -%}
        kinds.period_kind,
        {{ period_start('kinds.period_kind', 'nights.as_of_date') }} as period_start
    from {{ ref('int_pnl_nights') }} as nights
    cross join kinds

),

ranked as (

    select
        *,
        count(*) over (partition by account_id, period_kind, period_start) as days_observed,
        row_number() over (partition by account_id, period_kind, period_start order by as_of_date desc) as recency
    from dated

),

sequenced as (

    select
        account_id,
        period_kind,
        period_start,
        {{ period_end('period_kind', 'period_start') }} as period_end,
        days_observed,
        as_of_date,
        opened_on,
        start_date,
        {% for measure in pnl_measures() -%}
        {{ measure }},
        {% endfor -%}
        {% for measure in pnl_measures() -%}
        lag({{ measure }}) over series as previous_{{ measure }},
        {% endfor -%}
        lag(as_of_date) over series as previous_on,
        lag(start_date) over series as previous_start_date
    from ranked
    where recency = 1
    window series as (partition by account_id, period_kind order by period_start)

),

final as (

    select
        *,
        coalesce(previous_on is null and opened_on >= period_start, false) as is_opening,
        {{ is_comparable() }} as is_comparable
    from sequenced

)

select * from final
