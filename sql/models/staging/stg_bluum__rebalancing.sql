with

source as (

    select * from {{ source('bluum', 'rebalancing') }}

),

final as (

    select
        response_id,
        as_of_date,
        account_id,
        portfolio_id,
        currency,
        rebalancing_reason,
        analysis_timestamp,
        last_rebalanced_at,
        needs_rebalancing,
        estimated_short_term_gains,
        estimated_long_term_gains,
        harvestable_losses,
        tax_loss_harvesting_available,
        _dlt_load_id as load_id
    from source
    where _dlt_load_id in (select loads.load_id from {{ ref('stg_bluum__loads') }} as loads)

)

select * from final
