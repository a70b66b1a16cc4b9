{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_new_nights() }}",
    )
}}

-- The names that each source used for an asset class on a night: that on which the answer came.
-- depends_on: {{ ref('int_new_nights') }}
{%- set sources = {
    'policies': ('stg_bluum__policy_targets', 'asset_class'),
    'analyses': ('stg_bluum__rebalancing_allocations', 'asset_class'),
    'trades': ('stg_bluum__rebalancing_trades', 'asset_class'),
    'pnl': ('stg_bluum__pnl_by_asset_class', 'asset_class'),
    'positions': ('stg_bluum__positions', 'instrument_class'),
    'rosters': ('stg_bluum__account_enabled_assets', 'enabled_asset'),
} %}

with

final as (

    {% for source, (model, column) in sources.items() -%}
    select distinct
        as_of_date,
        '{{ source }}' as source,
        {{ column }} as asset_class
    from {{ ref(model) }}
    where {{ column }} is not null
        {% if is_incremental() -%}
        and {{ is_new_night('as_of_date') }}
        {%- endif %}
    {{ "union all" if not loop.last }}
    {% endfor %}

)

select * from final
