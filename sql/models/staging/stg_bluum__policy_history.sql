with

source as (

    select * from {{ source('bluum', 'policy_history') }}

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
        ips_id,
        current_version,
        item_number,
        version,
        effective_date,
        updated_at,
        _dlt_load_id as load_id
    from source
    where _dlt_load_id in (select committed.load_id from committed)

)

select * from final
