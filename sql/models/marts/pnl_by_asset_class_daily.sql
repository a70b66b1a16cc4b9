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
    item as asset_class,
    is_reported,
    currency,
    days_covered,
    pnl,
    pnl_itd,
    pnl_percent_itd
from {{ ref('int_pnl_items_attributed') }} as items
where item_kind = 'asset_class'
    {% if is_incremental() -%}
    and {{ is_changed('items.account_id', 'items.as_of_date') }}
    {%- endif %}
