{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- depends_on: {{ ref('int_changes') }}

select
    as_of_date,
    account_id,
    item as symbol,
    is_reported,
    currency,
    days_covered,
    realized_pnl,
    unrealized_pnl,
    dividend_income,
    realized_pnl_itd,
    unrealized_pnl_itd,
    dividend_income_itd
from {{ ref('int_pnl_items_attributed') }} as items
where item_kind = 'position'
    {% if is_incremental() -%}
    and {{ is_changed('items.account_id', 'items.as_of_date') }}
    {%- endif %}
