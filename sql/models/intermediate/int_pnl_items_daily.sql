{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- A symbol or class on every night from its first report on. What tonight's report does not name has no unrealized P&L and,
-- by class, no P&L; what it had realized and received stays with it.
-- depends_on: {{ ref('int_changes') }}
{%- set wholes = {
    'realized_pnl': 'realized_pnl',
    'unrealized_pnl': 'unrealized_pnl',
    'dividend_income': 'dividend_income',
    'pnl': 'total_pnl',
} %}

with

nights as (

    select
        account_id,
        as_of_date,
        response_id,
        is_opening,
        is_comparable,
        days_covered,
        {% for measure, whole in wholes.items() -%}
        previous_{{ whole }} as whole_before_{{ measure }},
        {% endfor -%}
        true as is_new
    from {{ ref('int_pnl_nights') }} as nights
    {% if is_incremental() -%}
    where {{ is_changed('nights.account_id', 'nights.as_of_date') }}

    union all

    -- The night that the first new one goes on from: what has to be computed again is already gone.
    select
        account_id,
        max(as_of_date) as as_of_date,
        cast(null as {{ dbt.type_string() }}) as response_id,
        cast(null as boolean) as is_opening,
        cast(null as boolean) as is_comparable,
        cast(null as bigint) as days_covered,
        {% for measure in wholes -%}
        cast(null as decimal(38, 9)) as whole_before_{{ measure }},
        {% endfor -%}
        false as is_new
    from {{ this }}
    where account_id in (select changes.account_id from {{ ref('int_changes') }} as changes)
    group by account_id
    {%- endif %}

),

-- Several items of one name are one figure.
reported as (

    select
        nights.account_id,
        nights.as_of_date,
        items.item_kind,
        items.item,
        true as is_reported,
        {{ added_up('items.realized_pnl') }} as realized_pnl,
        {{ added_up('items.unrealized_pnl') }} as unrealized_pnl,
        {{ added_up('items.dividend_income') }} as dividend_income,
        {{ added_up('items.pnl') }} as pnl,
        case when count(*) = 1 then max(items.pnl_percent) end as pnl_percent
    from nights
    inner join {{ ref('int_pnl_items') }} as items
        on nights.response_id = items.response_id
    group by nights.account_id, nights.as_of_date, items.item_kind, items.item

    {% if is_incremental() -%}
    union all

    select
        known.account_id,
        known.as_of_date,
        known.item_kind,
        known.item,
        known.is_reported,
        known.realized_pnl_itd,
        known.unrealized_pnl_itd,
        known.dividend_income_itd,
        known.pnl_itd,
        known.pnl_percent_itd
    from {{ this }} as known
    inner join nights
        on known.account_id = nights.account_id
        and known.as_of_date = nights.as_of_date
    where not nights.is_new
    {%- endif %}

),

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
        filled.reported_on = filled.as_of_date and reported.is_reported as is_reported,
        reported.realized_pnl,
        case when filled.reported_on = filled.as_of_date then reported.unrealized_pnl end as unrealized_pnl,
        reported.dividend_income,
        case when filled.reported_on = filled.as_of_date then reported.pnl end as pnl,
        case when filled.reported_on = filled.as_of_date then reported.pnl_percent end as pnl_percent
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
        lag(as_of_date) over series is null as is_first_row,
        lag(is_reported) over series as was_reported,
        lag(realized_pnl) over series as previous_realized_pnl,
        lag(unrealized_pnl) over series as previous_unrealized_pnl,
        lag(dividend_income) over series as previous_dividend_income,
        lag(pnl) over series as previous_pnl
    from carried
    window series as (partition by account_id, item_kind, item order by as_of_date)

),

-- An item that appears may be one that is no longer reported, by another name; or one that was missing the night before,
-- where the items did not come to the account's own figures. What an item that is gone had realized and received stays with
-- it, and makes them up all the same: while one is gone, who appears with some of that may have it from there.
judged as (

    select
        *,
        max(case when was_reported and not is_reported then 1 else 0 end) over night_items = 1 as something_vanished,
        {% for measure, whole in wholes.items() -%}
        {%- set before = computable('previous_' ~ measure) -%}
        {%- set added = 'sum(' ~ before ~ ') over night_items' -%}
        {%- set stayed = 'max(case when not was_reported then abs(' ~ before ~ ') end) over night_items' -%}
        abs({{ difference('whole_before_' ~ measure, 'coalesce(' ~ added ~ ', 0)') }}) <= {{ tolerance('parts_tolerance') }}
        and ({{ measure }} = 0 or coalesce({{ stayed }}, 0) = 0) as was_whole_{{ measure }}
        {{- "," if not loop.last }}
        {% endfor %}
    from compared
    window night_items as (partition by account_id, as_of_date, item_kind)

),

told as (

    select
        *,
        -- What lapses tells whether an item is missing: what it had realized and received stays.
        is_first_row
        and not something_vanished
        and case when item_kind = 'position' then was_whole_unrealized_pnl else was_whole_pnl end as has_begun
    from judged

),

final as (

    select
        as_of_date,
        account_id,
        item_kind,
        item,
        is_reported,
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
    from told
    where is_new

)

select * from final
