{{ config(materialized='table') }}

-- The loads that no complete build of the models has taken in.

with

final as (

    select loads.load_id
    from {{ ref('stg_bluum__loads') }} as loads
    left join {{ source('builds', 'built_loads') }} as built
        on loads.load_id = built.load_id
    where built.load_id is null

)

select * from final
