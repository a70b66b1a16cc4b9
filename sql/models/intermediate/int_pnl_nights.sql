{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- The report that counts for an account and end date, with the one before it, and the highest total P&L since the window of
-- the report began: at least zero, where every account has begun.
-- depends_on: {{ ref('int_changes') }}

with

{% if is_incremental() -%}
-- What the first new row goes on from: what has to be computed again is already gone.
newest as (

    select
        account_id,
        max(as_of_date) as as_of_date
    from {{ this }}
    group by account_id

),

{% endif -%}
{% set columns = [
    'account_id', 'as_of_date', 'response_id', 'asked_on', 'restated_on', 'vintage_on', 'restatement_key', 'currency',
    'opened_on', 'start_date',
] + pnl_measures() -%}
reports as (

    select
        {% for column in columns -%}
        {{ column }},
        {% endfor -%}
        greatest(total_pnl, 0) as highest_total_pnl,
        true as is_new
    from {{ ref('int_pnl_reports_ranked') }} as reports
    where is_current and has_report
        {% if is_incremental() -%}
        and {{ is_changed('reports.account_id', 'reports.as_of_date') }}
        {%- endif %}

    {% if is_incremental() -%}
    union all

    select
        {% for column in columns -%}
        known.{{ column }},
        {% endfor -%}
        known.highest_total_pnl,
        false as is_new
    from {{ this }} as known
    inner join newest
        on known.account_id = newest.account_id
        and known.as_of_date = newest.as_of_date
    {%- endif %}

),

sequenced as (

    select
        *,
        lag(as_of_date) over series as previous_on,
        lag(asked_on) over series as previous_asked_on,
        lag(vintage_on) over series as previous_vintage_on,
        lag(restatement_key) over series as previous_restatement_key,
        lag(currency) over series as previous_currency,
        lag(start_date) over series as previous_start_date,
        {% for measure in pnl_measures() -%}
        lag({{ measure }}) over series as previous_{{ measure }}
        {{- "," if not loop.last }}
        {% endfor %}
    from reports
    window series as (partition by account_id order by as_of_date)

),

compared as (

    select
        *,
        {{ is_opening_night() }} as is_opening,
        {{ is_comparable() }} as is_comparable,
        {{ is_mixed_vintage() }} as is_mixed_vintage,
        {{ days_covered() }} as days_covered
    from sequenced

),

windows as (

    select
        *,
        sum(case when is_comparable then 0 else 1 end) over (
            partition by account_id
            order by as_of_date
            rows between unbounded preceding and current row
        ) as window_number
    from compared

),

final as (

    select
        {% for column in columns -%}
        {{ column }},
        {% endfor -%}
        previous_on,
        {% for measure in pnl_measures() -%}
        previous_{{ measure }},
        {% endfor -%}
        max(highest_total_pnl) over (
            partition by account_id, window_number
            order by as_of_date
            rows between unbounded preceding and current row
        ) as highest_total_pnl,
        is_opening,
        is_comparable,
        is_mixed_vintage,
        restated_on is not null as is_itd_restated,
        previous_on is not null and restatement_key <> previous_restatement_key as is_day_restated,
        days_covered,
        is_new
    from windows

)

select
    {% for column in columns -%}
    {{ column }},
    {% endfor -%}
    previous_on,
    {% for measure in pnl_measures() -%}
    previous_{{ measure }},
    {% endfor -%}
    highest_total_pnl,
    is_opening,
    is_comparable,
    is_mixed_vintage,
    is_itd_restated,
    is_day_restated,
    days_covered
from final
where is_new
