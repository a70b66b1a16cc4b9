with

source as (

    select * from {{ source('bluum', 'portfolio_summary_shares') }}

),

final as (

    select
        response_id,
        as_of_date,
        account_id,
        portfolio_id,
        breakdown,
        item_number,
        asset_class,
        sector,
        value,
        percent,
        _dlt_load_id as load_id
    from source
    where _dlt_load_id in (select loads.load_id from {{ ref('stg_bluum__loads') }} as loads)

)

select * from final
