{{
    config(
        materialized='incremental',
        incremental_strategy='scoped',
        meta={'replaces': 'target.account_id = scope.account_id and target.as_of_date >= scope.from_date'},
        pre_hook="{{ open_scope(rewritten_reports()) }}",
        post_hook="{{ caught_up(['int_pnl_reports_judged']) }}",
    )
}}

with

{{ pnl_reports_in_scope() }},

sequenced as (

    select
        *,
        lag(as_of_date) over series as previous_on,
        lag(start_date) over series as previous_start_date
    from reports
    where is_in_scope or is_previous
    window series as (partition by account_id order by as_of_date)

),

nights as (

    select
        account_id,
        as_of_date,
        response_id,
        is_in_scope,
        previous_on,
        {{ pnl_sequence_flags() }}
    from sequenced

),

-- Several items of one symbol are one figure.
reported as (

    select
        nights.account_id,
        nights.as_of_date,
        items.symbol,
        {{ added_up('items.realized_pnl') }} as realized_pnl,
        {{ added_up('items.unrealized_pnl') }} as unrealized_pnl,
        {{ added_up('items.dividend_income') }} as dividend_income
    from nights
    inner join {{ ref('stg_bluum__pnl_by_position') }} as items
        on nights.response_id = items.response_id
    where nights.is_in_scope
    group by nights.account_id, nights.as_of_date, items.symbol

    {% if is_incremental() -%}
    union all

    -- What stood on the night before the first one written again, carried figures included.
    select
        known.account_id,
        known.as_of_date,
        known.symbol,
        known.realized_pnl_itd,
        known.unrealized_pnl_itd,
        known.dividend_income_itd
    from {{ this }} as known
    inner join nights
        on known.account_id = nights.account_id
        and known.as_of_date = nights.as_of_date
    where not nights.is_in_scope
    {%- endif %}

),

firsts as (

    select
        account_id,
        symbol,
        min(as_of_date) as first_reported_on
    from reported
    group by account_id, symbol

),

-- One row per night from the first report on, and the last night that reported it.
filled as (

    select
        nights.*,
        firsts.symbol,
        max(reported.as_of_date) over (
            partition by nights.account_id, firsts.symbol
            order by nights.as_of_date
            rows between unbounded preceding and current row
        ) as reported_on
    from nights
    inner join firsts
        on nights.account_id = firsts.account_id
        and nights.as_of_date >= firsts.first_reported_on
    left join reported
        on nights.account_id = reported.account_id
        and nights.as_of_date = reported.as_of_date
        and firsts.symbol = reported.symbol

),

carried as (

    select
        filled.*,
        reported.realized_pnl,
        reported.unrealized_pnl,
        reported.dividend_income
    from filled
    inner join reported
        on filled.account_id = reported.account_id
        and filled.reported_on = reported.as_of_date
        and filled.symbol = reported.symbol

),

compared as (

    select
        *,
        lag(as_of_date) over item_series is null as is_first_row,
        lag(realized_pnl) over item_series as previous_realized_pnl,
        lag(unrealized_pnl) over item_series as previous_unrealized_pnl,
        lag(dividend_income) over item_series as previous_dividend_income
    from carried
    window item_series as (partition by account_id, symbol order by as_of_date)

),

final as (

    select
        as_of_date,
        account_id,
        symbol,
        days_covered,
        {{ item_day_value('realized_pnl') }} as realized_pnl,
        {{ item_day_value('unrealized_pnl') }} as unrealized_pnl,
        {{ item_day_value('dividend_income') }} as dividend_income,
        realized_pnl as realized_pnl_itd,
        unrealized_pnl as unrealized_pnl_itd,
        dividend_income as dividend_income_itd
    from compared
    where is_in_scope

)

select * from final
