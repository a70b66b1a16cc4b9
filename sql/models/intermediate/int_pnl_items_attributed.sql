{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- The items of an account, and what its own figures have beyond them: with `(unattributed)` they add up to its P&L.
-- depends_on: {{ ref('int_changes') }}

with

items as (

    select * from {{ ref('int_pnl_items_daily') }} as items
    {% if is_incremental() -%}
    where {{ is_changed('items.account_id', 'items.as_of_date') }}
    {%- endif %}

),

nights as (

    select
        as_of_date,
        account_id,
        currency,
        days_covered,
        {% for measure in ['realized_pnl', 'unrealized_pnl', 'dividend_income', 'total_pnl'] -%}
        {{ day_value(measure) }} as {{ measure }},
        {{ measure }} as {{ measure }}_itd
        {{- "," if not loop.last }}
        {% endfor %}
    from {{ ref('int_pnl_nights') }} as nights
    {% if is_incremental() -%}
    where {{ is_changed('nights.account_id', 'nights.as_of_date') }}
    {%- endif %}

),

added as (

    select
        as_of_date,
        account_id,
        item_kind,
        cast(sum({{ computable('realized_pnl') }}) as decimal(38, 9)) as realized_pnl,
        cast(sum({{ computable('unrealized_pnl') }}) as decimal(38, 9)) as unrealized_pnl,
        cast(sum({{ computable('dividend_income') }}) as decimal(38, 9)) as dividend_income,
        cast(sum({{ computable('pnl') }}) as decimal(38, 9)) as pnl,
        cast(sum({{ computable('realized_pnl_itd') }}) as decimal(38, 9)) as realized_pnl_itd,
        cast(sum({{ computable('unrealized_pnl_itd') }}) as decimal(38, 9)) as unrealized_pnl_itd,
        cast(sum({{ computable('dividend_income_itd') }}) as decimal(38, 9)) as dividend_income_itd,
        cast(sum({{ computable('pnl_itd') }}) as decimal(38, 9)) as pnl_itd
    from items
    group by as_of_date, account_id, item_kind

),

-- What all items of a kind should come to.
wholes as (

    select
        as_of_date,
        account_id,
        'position' as item_kind,
        currency,
        days_covered,
        realized_pnl,
        unrealized_pnl,
        dividend_income,
        cast(null as decimal(38, 9)) as pnl,
        realized_pnl_itd,
        unrealized_pnl_itd,
        dividend_income_itd,
        cast(null as decimal(38, 9)) as pnl_itd
    from nights

    union all

    select
        as_of_date,
        account_id,
        'asset_class' as item_kind,
        currency,
        days_covered,
        cast(null as decimal(38, 9)) as realized_pnl,
        cast(null as decimal(38, 9)) as unrealized_pnl,
        cast(null as decimal(38, 9)) as dividend_income,
        total_pnl as pnl,
        cast(null as decimal(38, 9)) as realized_pnl_itd,
        cast(null as decimal(38, 9)) as unrealized_pnl_itd,
        cast(null as decimal(38, 9)) as dividend_income_itd,
        total_pnl_itd as pnl_itd
    from nights

),

unattributed as (

    select
        wholes.as_of_date,
        wholes.account_id,
        wholes.item_kind,
        wholes.currency,
        wholes.days_covered,
        {{ difference('wholes.realized_pnl', 'coalesce(added.realized_pnl, 0)') }} as realized_pnl,
        {{ difference('wholes.unrealized_pnl', 'coalesce(added.unrealized_pnl, 0)') }} as unrealized_pnl,
        {{ difference('wholes.dividend_income', 'coalesce(added.dividend_income, 0)') }} as dividend_income,
        {{ difference('wholes.pnl', 'coalesce(added.pnl, 0)') }} as pnl,
        {{ difference('wholes.realized_pnl_itd', 'coalesce(added.realized_pnl_itd, 0)') }} as realized_pnl_itd,
        {{ difference('wholes.unrealized_pnl_itd', 'coalesce(added.unrealized_pnl_itd, 0)') }} as unrealized_pnl_itd,
        {{ difference('wholes.dividend_income_itd', 'coalesce(added.dividend_income_itd, 0)') }} as dividend_income_itd,
        {{ difference('wholes.pnl_itd', 'coalesce(added.pnl_itd, 0)') }} as pnl_itd
    from wholes
    left join added
        on wholes.as_of_date = added.as_of_date
        and wholes.account_id = added.account_id
        and wholes.item_kind = added.item_kind

),

final as (

    select
        items.as_of_date,
        items.account_id,
        items.item_kind,
        items.item,
        items.is_reported,
        nights.currency,
        items.days_covered,
        items.realized_pnl,
        items.unrealized_pnl,
        items.dividend_income,
        items.pnl,
        items.realized_pnl_itd,
        items.unrealized_pnl_itd,
        items.dividend_income_itd,
        items.pnl_itd,
        items.pnl_percent_itd
    from items
    inner join nights
        on items.as_of_date = nights.as_of_date
        and items.account_id = nights.account_id

    union all

    select
        as_of_date,
        account_id,
        item_kind,
        '(unattributed)' as item,
        false as is_reported,
        currency,
        days_covered,
        realized_pnl,
        unrealized_pnl,
        dividend_income,
        pnl,
        realized_pnl_itd,
        unrealized_pnl_itd,
        dividend_income_itd,
        pnl_itd,
        cast(null as decimal(38, 9)) as pnl_percent_itd
    from unattributed

)

select * from final
