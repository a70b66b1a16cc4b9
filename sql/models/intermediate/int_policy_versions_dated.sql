{{ config(materialized='table') }}

with

known as (

    select * from {{ ref('int_policy_versions_observed') }}

),

{{ policy_versions_dated() }},

final as (

    select
        dated.*,
        bodies.targets_key
    from dated
    left join bodies
        on dated.account_id = bodies.account_id
        and dated.ips_id = bodies.ips_id
        and dated.version = bodies.version

)

select * from final
