with

source as (

    select * from {{ source('bluum', 'portfolio_holdings') }}

),

final as (

    select
        response_id,
        as_of_date,
        account_id,
        portfolio_id,
        currency,
        valued_at,
        cash_balance,
        cash_available,
        cash_reserved,
        total_value,
        total_cost_basis,
        total_unrealized_pl,
        total_unrealized_pl_percent,
        _dlt_load_id as load_id
    from source
    where _dlt_load_id in (select loads.load_id from {{ ref('stg_bluum__loads') }} as loads)

)

select * from final
