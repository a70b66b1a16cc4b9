{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- The items of an account, and what its own figures have beyond them: with `(unattributed)` they add up to pnl_daily.
-- depends_on: {{ ref('int_changes') }}

with

items as (

    select * from {{ ref('int_pnl_items_daily') }} as items
    where item_kind = 'position'
        {% if is_incremental() -%}
        and {{ is_changed('items.account_id', 'items.as_of_date') }}
        {%- endif %}

),

accounts as (

    select * from {{ ref('pnl_daily') }} as accounts
    {% if is_incremental() -%}
    where {{ is_changed('accounts.account_id', 'accounts.as_of_date') }}
    {%- endif %}

),

added as (

    select
        as_of_date,
        account_id,
        cast(sum({{ computable('realized_pnl') }}) as decimal(38, 9)) as realized_pnl,
        cast(sum({{ computable('realized_pnl_itd') }}) as decimal(38, 9)) as realized_pnl_itd,
        cast(sum({{ computable('unrealized_pnl') }}) as decimal(38, 9)) as unrealized_pnl,
        cast(sum({{ computable('unrealized_pnl_itd') }}) as decimal(38, 9)) as unrealized_pnl_itd,
        cast(sum({{ computable('dividend_income') }}) as decimal(38, 9)) as dividend_income,
        cast(sum({{ computable('dividend_income_itd') }}) as decimal(38, 9)) as dividend_income_itd
    from items
    group by as_of_date, account_id

),

unattributed as (

    select
        accounts.as_of_date,
        accounts.account_id,
        accounts.days_covered,
        accounts.currency,
        {{ difference('accounts.realized_pnl', 'coalesce(added.realized_pnl, 0)') }} as realized_pnl,
        {{ difference('accounts.realized_pnl_itd', 'coalesce(added.realized_pnl_itd, 0)') }} as realized_pnl_itd,
        {{ difference('accounts.unrealized_pnl', 'coalesce(added.unrealized_pnl, 0)') }} as unrealized_pnl,
        {{ difference('accounts.unrealized_pnl_itd', 'coalesce(added.unrealized_pnl_itd, 0)') }} as unrealized_pnl_itd,
        {{ difference('accounts.dividend_income', 'coalesce(added.dividend_income, 0)') }} as dividend_income,
        {{ difference('accounts.dividend_income_itd', 'coalesce(added.dividend_income_itd, 0)') }} as dividend_income_itd
    from accounts
    left join added
        on accounts.as_of_date = added.as_of_date
        and accounts.account_id = added.account_id

),

final as (

    select
        items.as_of_date,
        items.account_id,
        items.item as symbol,
        items.is_reported,
        accounts.currency,
        items.days_covered,
        items.realized_pnl,
        items.unrealized_pnl,
        items.dividend_income,
        items.realized_pnl_itd,
        items.unrealized_pnl_itd,
        items.dividend_income_itd
    from items
    inner join accounts
        on items.as_of_date = accounts.as_of_date
        and items.account_id = accounts.account_id

    union all

    select
        as_of_date,
        account_id,
        '(unattributed)' as symbol,
        false as is_reported,
        currency,
        days_covered,
        realized_pnl,
        unrealized_pnl,
        dividend_income,
        realized_pnl_itd,
        unrealized_pnl_itd,
        dividend_income_itd
    from unattributed

)

select * from final
