with

source as (

    select * from {{ source('bluum', 'pnl_by_position') }}

),

final as (

    select
        response_id,
        as_of_date,
        account_id,
        start_date,
        end_date,
        item_number,
        symbol,
        realized_pnl,
        unrealized_pnl,
        dividend_income,
        _dlt_load_id as load_id
    from source
    where _dlt_load_id in (select loads.load_id from {{ ref('stg_bluum__loads') }} as loads)

)

select * from final
