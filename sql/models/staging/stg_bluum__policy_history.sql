with

source as (

    select * from {{ source('bluum', 'policy_history') }}

),

final as (

    select
        response_id,
        as_of_date,
        account_id,
        ips_id,
        current_version,
        item_number,
        version,
        effective_date,
        updated_at,
        _dlt_load_id as load_id
    from source
    where _dlt_load_id in (select loads.load_id from {{ ref('stg_bluum__loads') }} as loads)

)

select * from final
