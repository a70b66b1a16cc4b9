with

source as (

    select * from {{ source('bluum', 'portfolios') }}

),

final as (

    select
        response_id,
        as_of_date,
        account_id,
        portfolio_id,
        name,
        currency,
        status,
        created_at,
        updated_at,
        _dlt_load_id as load_id
    from source
    where _dlt_load_id in (select loads.load_id from {{ ref('stg_bluum__loads') }} as loads)

)

select * from final
