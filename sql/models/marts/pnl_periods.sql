{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ delete_changed(night='period_end') }}",
    )
}}

-- depends_on: {{ ref('int_changes') }}

with

periods as (

    select * from {{ ref('int_pnl_periods') }} as periods
    {% if is_incremental() -%}
    where {{ is_changed('periods.account_id', 'periods.period_end') }}
    {%- endif %}

),

final as (

    select
        account_id,
        period_kind,
        period_start,
        period_end,
        {{ day_value('total_pnl') }} as total_pnl,
        {{ day_value('realized_pnl') }} as realized_pnl,
        {{ day_value('unrealized_pnl') }} as unrealized_pnl,
        {{ day_value('dividend_income') }} as dividend_income,
        {{ day_value('interest_income') }} as interest_income,
        {{ day_value('fees_paid') }} as fees_paid,
        days_observed,
        as_of_date >= {{ weekday_on_or_before('period_end') }}
            and (
                is_opening
                or (
                    is_comparable
                    and previous_on >= {{ weekday_on_or_before(days_after('period_start', -1)) }}
                )
            ) as is_complete
    from periods

)

select * from final
