{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- The report that counts for an account and end date, with the one before it.
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
reports as (

    select
        account_id,
        as_of_date,
        response_id,
        currency,
        opened_on,
        start_date,
        {% for measure in pnl_measures() -%}
        {{ measure }},
        {% endfor -%}
        is_restated,
        total_pnl as highest_total_pnl,
        true as is_new
    from {{ ref('int_pnl_reports_ranked') }} as reports
    where is_current and has_report
        {% if is_incremental() -%}
        and {{ is_changed('reports.account_id', 'reports.as_of_date') }}
        {%- endif %}

    {% if is_incremental() -%}
    union all

    select
        known.account_id,
        known.as_of_date,
        known.response_id,
        known.currency,
        known.opened_on,
        known.start_date,
        {% for measure in pnl_measures() -%}
        known.{{ measure }},
        {% endfor -%}
        known.is_restated,
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
        account_id,
        as_of_date,
        response_id,
        currency,
        opened_on,
        start_date,
        {% for measure in pnl_measures() -%}
        {{ measure }},
        {% endfor -%}
        is_restated,
        is_new,
        lag(as_of_date) over series as previous_on,
        lag(start_date) over series as previous_start_date,
        {% for measure in pnl_measures() -%}
        lag({{ measure }}) over series as previous_{{ measure }},
        {% endfor -%}
        max(highest_total_pnl) over (
            partition by account_id
            order by as_of_date
            rows between unbounded preceding and current row
        ) as highest_total_pnl
    from reports
    window series as (partition by account_id order by as_of_date)

),

final as (

    select
        account_id,
        as_of_date,
        response_id,
        currency,
        opened_on,
        start_date,
        previous_on,
        {% for measure in pnl_measures() -%}
        {{ measure }},
        previous_{{ measure }},
        {% endfor -%}
        highest_total_pnl,
        is_restated,
        {{ is_opening_night() }} as is_opening,
        {{ is_comparable() }} as is_comparable,
        {{ days_covered() }} as days_covered
    from sequenced
    where is_new

)

select * from final
