with

source as (

    select * from {{ source('bluum', 'performance_values') }}

),

final as (

    select
        response_id,
        as_of_date,
        account_id,
        portfolio_id,
        start_date,
        end_date,
        item_number,
        value_date,
        value,
        _dlt_load_id as load_id
    from source
    where _dlt_load_id in (select loads.load_id from {{ ref('stg_bluum__loads') }} as loads)

)

select * from final
