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

    select
        periods.*,
        {{ days_after('periods.period_start', -1) }} as day_before,
        -- A closed account earns nothing after its last night.
        coalesce(least(periods.period_end, accounts.closed_on), periods.period_end) as last_day
    from {{ ref('int_pnl_periods') }} as periods
    left join {{ ref('int_accounts') }} as accounts
        on periods.account_id = accounts.account_id
    {% if is_incremental() -%}
    where {{ is_changed('periods.account_id', 'periods.period_end') }}
    {%- endif %}

),

calendar as (

    select * from {{ ref('dates') }}

),

final as (

    select
        periods.account_id,
        periods.period_kind,
        periods.period_start,
        periods.period_end,
        periods.currency,
        {% for measure in [
            'total_pnl', 'realized_pnl', 'unrealized_pnl', 'dividend_income', 'interest_income', 'fees_paid',
        ] -%}
        {{ day_value(measure) }} as {{ measure }},
        {% endfor -%}
        periods.days_observed,
        periods.as_of_date >= last_days.last_session_on
            and (
                periods.is_opening
                or (periods.is_comparable and periods.previous_on >= days_before.last_session_on)
            ) as is_complete
    from periods
    inner join calendar as last_days
        on periods.last_day = last_days.calendar_date
    inner join calendar as days_before
        on periods.day_before = days_before.calendar_date

)

select * from final
