with

source as (

    select * from {{ source('bluum', 'quarantine') }}

),

final as (

    select
        response_id,
        as_of_date,
        endpoint,
        account_id,
        portfolio_id,
        table_name,
        field,
        value,
        reason,
        payload,
        _dlt_load_id as load_id
    from source
    where _dlt_load_id in (select loads.load_id from {{ ref('stg_bluum__loads') }} as loads)

)

select * from final
