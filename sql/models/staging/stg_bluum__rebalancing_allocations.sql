with

source as (

    select * from {{ source('bluum', 'rebalancing_allocations') }}

),

final as (

    select
        response_id,
        as_of_date,
        account_id,
        portfolio_id,
        asset_class,
        target as target_percent,
        actual as actual_percent,
        drift as drift_percent,
        _dlt_load_id as load_id
    from source
    where _dlt_load_id in (select loads.load_id from {{ ref('stg_bluum__loads') }} as loads)

)

select * from final
