with

source as (

    select * from {{ source('bluum', 'policy_sub_allocations') }}

),

final as (

    select
        response_id,
        as_of_date,
        account_id,
        ips_id,
        version,
        asset_class,
        sub_allocation,
        target_percent,
        _dlt_load_id as load_id
    from source
    where _dlt_load_id in (select loads.load_id from {{ ref('stg_bluum__loads') }} as loads)

)

select * from final
