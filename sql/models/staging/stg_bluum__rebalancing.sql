with

source as (

    select * from {{ source('bluum', 'rebalancing') }}

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
    where _dlt_load_id in (select committed.load_id from committed)

)

select * from final
