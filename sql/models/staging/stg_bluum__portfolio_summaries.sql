with

source as (

    select * from {{ source('bluum', 'portfolio_summaries') }}

),

final as (

    select
        response_id,
        as_of_date,
        account_id,
        portfolio_id,
        name,
        currency,
        total_value,
        cash_value,
        positions_value,
        unrealized_gain_loss,
        unrealized_gain_loss_percent,
        valued_at,
        needs_rebalancing,
        last_rebalanced_at,
        next_scheduled,
        max_deviation_percent,
        strategy_id,
        strategy_version_id,
        strategy_status,
        strategy_applied_at,
        linked_goals,
        created_at,
        updated_at,
        _dlt_load_id as load_id
    from source
    where _dlt_load_id in (select loads.load_id from {{ ref('stg_bluum__loads') }} as loads)

)

select * from final
