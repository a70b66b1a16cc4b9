with

source as (

    select * from {{ source('bluum', 'account_enabled_assets') }}

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
        item_number,
        enabled_asset,
        _dlt_load_id as load_id
    from source
    where _dlt_load_id in (select committed.load_id from committed)

)

select * from final
