-- The items of P&L reports in one shape: by position the three figures of a symbol, by asset class the one of a class.

with

positions as (

    select
        response_id,
        'position' as item_kind,
        symbol as item,
        realized_pnl,
        unrealized_pnl,
        dividend_income,
        cast(null as decimal(38, 9)) as pnl,
        cast(null as decimal(38, 9)) as pnl_percent
    from {{ ref('stg_bluum__pnl_by_position') }}

),

asset_classes as (

    select
        response_id,
        'asset_class' as item_kind,
        asset_class as item,
        cast(null as decimal(38, 9)) as realized_pnl,
        cast(null as decimal(38, 9)) as unrealized_pnl,
        cast(null as decimal(38, 9)) as dividend_income,
        pnl,
        pnl_percent
    from {{ ref('stg_bluum__pnl_by_asset_class') }}

),

final as (

    select * from positions
    union all
    select * from asset_classes

)

select * from final
