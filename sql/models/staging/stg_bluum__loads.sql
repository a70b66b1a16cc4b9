with

source as (

    select * from {{ source('bluum', '_dlt_loads') }}

),

final as (

    -- A load is noted twice when its process was killed just after noting it.
    select distinct load_id
    from source
    where status = 0

)

select * from final
