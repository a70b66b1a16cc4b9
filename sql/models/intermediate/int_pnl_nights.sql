{{ config(materialized='table') }}

-- The report that counts for an account and end date, with the one before it. All of them, every time: that takes less than
-- finding out which ones a late report moves.

with

reports as (

    select * from {{ ref('int_pnl_reports_ranked') }}
    where is_current and has_report

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
        lag(as_of_date) over series as previous_on,
        lag(start_date) over series as previous_start_date,
        {% for measure in pnl_measures() -%}
        lag({{ measure }}) over series as previous_{{ measure }},
        {% endfor -%}
        max(total_pnl) over (
            partition by account_id
            order by as_of_date
            rows between unbounded preceding and current row
        ) as highest_total_pnl
    from reports
    window series as (partition by account_id order by as_of_date)

),

final as (

    select
        *,
        {{ is_opening_night() }} as is_opening,
        {{ is_comparable() }} as is_comparable,
        {{ days_covered() }} as days_covered
    from sequenced

)

select * from final
