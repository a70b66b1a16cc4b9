{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        full_refresh=false,
        on_schema_change='fail',
    )
}}

with

loads as (

    select distinct load_id
    from {{ source('bluum', '_dlt_loads') }}
    where status = 0

),

final as (

    -- The next number is above every number in use, so that no model can have caught up with it already.
    select
        load_id,
        1 + greatest(
            (select coalesce(max(change_number), 0) from intermediate.watermarks)
            {% if is_incremental() -%}
            , (select coalesce(max(change_number), 0) from {{ this }})
            {%- endif %}
        ) as change_number
    from loads
    {% if is_incremental() -%}
    where load_id not in (select numbered.load_id from {{ this }} as numbered)
    {%- endif %}

)

select * from final
