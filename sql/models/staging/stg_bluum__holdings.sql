with

source as (

    select * from {{ source('bluum', 'holdings') }}

),

final as (

    select
        response_id,
        as_of_date,
        account_id,
        portfolio_id,
        item_number,
        position_id,
        asset_id,
        symbol,
        name,
        currency,
        asset_class,
        sector,
        quantity,
        average_cost_basis,
        current_price,
        total_cost_basis,
        market_value,
        unrealized_pl,
        unrealized_pl_percent,
        weight_percent,
        price_source,
        price_confidence,
        price_timestamp,
        _dlt_load_id as load_id
    from source
    where _dlt_load_id in (select loads.load_id from {{ ref('stg_bluum__loads') }} as loads)

)

select * from final
