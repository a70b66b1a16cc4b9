with

source as (

    select * from {{ source('bluum', 'pnl_by_position') }}

),

committed as (

    select load_id
    from {{ source('bluum', '_dlt_loads') }}
    where status = 0

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
    where _dlt_load_id in (select committed.load_id from committed)

)

select * from final
