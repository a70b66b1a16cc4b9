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
    where item_kind = 'asset_class'
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
        cast(sum({{ computable('pnl') }}) as decimal(38, 9)) as pnl,
        cast(sum({{ computable('pnl_itd') }}) as decimal(38, 9)) as pnl_itd
    from items
    group by as_of_date, account_id

),

unattributed as (

    select
        accounts.as_of_date,
        accounts.account_id,
        accounts.days_covered,
        accounts.currency,
        {{ difference('accounts.total_pnl', 'coalesce(added.pnl, 0)') }} as pnl,
        {{ difference('accounts.total_pnl_itd', 'coalesce(added.pnl_itd, 0)') }} as pnl_itd
    from accounts
    left join added
        on accounts.as_of_date = added.as_of_date
        and accounts.account_id = added.account_id

),

final as (

    select
        items.as_of_date,
        items.account_id,
        items.item as asset_class,
        items.is_reported,
        accounts.currency,
        items.days_covered,
        items.pnl,
        items.pnl_itd,
        items.pnl_percent_itd
    from items
    inner join accounts
        on items.as_of_date = accounts.as_of_date
        and items.account_id = accounts.account_id

    union all

    select
        as_of_date,
        account_id,
        '(unattributed)' as asset_class,
        false as is_reported,
        currency,
        days_covered,
        pnl,
        pnl_itd,
        cast(null as decimal(38, 9)) as pnl_percent_itd
    from unattributed

)

select * from final
