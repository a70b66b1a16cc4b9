-- The items of every P&L report, by position and by asset class, in one shape.

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

union all

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
