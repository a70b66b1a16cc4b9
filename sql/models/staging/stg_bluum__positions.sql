with

source as (

    select * from {{ source('bluum', 'positions') }}

),

final as (

    select
        response_id,
        as_of_date,
        account_id,
        position_id,
        object,
        symbol,
        asset_id,
        class as instrument_class,
        country,
        currency,
        quantity,
        average_cost_basis,
        current_price,
        total_cost_basis,
        market_value,
        unrealized_pl,
        unrealized_pl_percent,
        price_source,
        price_confidence,
        price_timestamp,
        last_transaction_at,
        created_at,
        updated_at,
        created,
        livemode,
        metadata,
        _dlt_load_id as load_id
    from source
    where _dlt_load_id in (select loads.load_id from {{ ref('stg_bluum__loads') }} as loads)

)

select * from final
