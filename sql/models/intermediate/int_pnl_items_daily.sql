{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_changed() }}",
    )
}}
-- depends_on: {{ ref('int_changes') }}

-- One row per night, account and item (a symbol, or an asset class): the day's figures and those to date. An item that is no
-- longer reported keeps its last figures to date.

with

reports as (

    select
        *,
        lag(as_of_date) over series as previous_on,
        lag(start_date) over series as previous_start_date
    from {{ ref('int_pnl_reports_ranked') }}
    where is_current and has_report
    window series as (partition by account_id order by as_of_date)

),

changed_nights as (

    select
        account_id,
        as_of_date,
        response_id,
        previous_on,
        {{ is_opening() }} as is_opening,
        {{ is_comparable() }} as is_comparable,
        {{ days_covered() }} as days_covered
    from reports
    {% if is_incremental() -%}
    where {{ is_changed('reports.account_id', 'reports.as_of_date') }}
    {%- endif %}

),

-- Several items of one name are one figure.
newly_reported as (

    select
        changed_nights.account_id,
        changed_nights.as_of_date,
        items.item_kind,
        items.item,
        {{ added_up('items.realized_pnl') }} as realized_pnl,
        {{ added_up('items.unrealized_pnl') }} as unrealized_pnl,
        {{ added_up('items.dividend_income') }} as dividend_income,
        {{ added_up('items.pnl') }} as pnl,
        case when count(*) = 1 then max(items.pnl_percent) end as pnl_percent
    from changed_nights
    inner join {{ ref('int_pnl_items') }} as items
        on changed_nights.response_id = items.response_id
    group by changed_nights.account_id, changed_nights.as_of_date, items.item_kind, items.item

),

{% if is_incremental() -%}
first_changed as (

    select
        account_id,
        previous_on,
        row_number() over (partition by account_id order by as_of_date) as place
    from changed_nights

),

-- What stood on the night before the first changed one, carried figures included.
standing as (

    select known.*
    from {{ this }} as known
    inner join first_changed
        on known.account_id = first_changed.account_id
        and known.as_of_date = first_changed.previous_on
    where first_changed.place = 1

),

nights as (

    select *, true as is_changed from changed_nights
    union all
    select distinct
        account_id,
        as_of_date,
        cast(null as {{ dbt.type_string() }}) as response_id,
        cast(null as date) as previous_on,
        false as is_opening,
        false as is_comparable,
        cast(null as bigint) as days_covered,
        false as is_changed
    from standing

),

reported as (

    select * from newly_reported
    union all
    select
        account_id,
        as_of_date,
        item_kind,
        item,
        realized_pnl_itd as realized_pnl,
        unrealized_pnl_itd as unrealized_pnl,
        dividend_income_itd as dividend_income,
        pnl_itd as pnl,
        pnl_percent_itd as pnl_percent
    from standing

),
{%- else -%}
nights as (

    select *, true as is_changed from changed_nights

),

reported as (

    select * from newly_reported

),
{%- endif %}

firsts as (

    select
        account_id,
        item_kind,
        item,
        min(as_of_date) as first_reported_on
    from reported
    group by account_id, item_kind, item

),

-- One row per night from the first report on, and the last night that reported it.
filled as (

    select
        nights.*,
        firsts.item_kind,
        firsts.item,
        max(reported.as_of_date) over (
            partition by nights.account_id, firsts.item_kind, firsts.item
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
        and firsts.item_kind = reported.item_kind
        and firsts.item = reported.item

),

carried as (

    select
        filled.*,
        reported.realized_pnl,
        reported.unrealized_pnl,
        reported.dividend_income,
        reported.pnl,
        reported.pnl_percent
    from filled
    inner join reported
        on filled.account_id = reported.account_id
        and filled.reported_on = reported.as_of_date
        and filled.item_kind = reported.item_kind
        and filled.item = reported.item

),

compared as (

    select
        *,
        lag(as_of_date) over item_series is null as is_first_row,
        lag(realized_pnl) over item_series as previous_realized_pnl,
        lag(unrealized_pnl) over item_series as previous_unrealized_pnl,
        lag(dividend_income) over item_series as previous_dividend_income,
        lag(pnl) over item_series as previous_pnl
    from carried
    window item_series as (partition by account_id, item_kind, item order by as_of_date)

),

final as (

    select
        as_of_date,
        account_id,
        item_kind,
        item,
        days_covered,
        {{ item_day_value('realized_pnl') }} as realized_pnl,
        {{ item_day_value('unrealized_pnl') }} as unrealized_pnl,
        {{ item_day_value('dividend_income') }} as dividend_income,
        {{ item_day_value('pnl') }} as pnl,
        realized_pnl as realized_pnl_itd,
        unrealized_pnl as unrealized_pnl_itd,
        dividend_income as dividend_income_itd,
        pnl as pnl_itd,
        pnl_percent as pnl_percent_itd
    from compared
    where is_changed

)

select * from final
