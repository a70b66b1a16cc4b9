with

source as (

    select * from {{ source('bluum', 'performance_reports') }}

),

final as (

    select
        response_id,
        as_of_date,
        account_id,
        portfolio_id,
        start_date,
        end_date,
        reported_start_date,
        reported_end_date,
        label,
        time_weighted_return,
        money_weighted_return,
        annualized_return,
        total_return,
        volatility,
        max_drawdown,
        sharpe_ratio,
        beta,
        max_drawdown_date,
        starting_value,
        ending_value,
        net_contributions,
        net_withdrawals,
        investment_gains,
        dividends_received,
        fees_paid,
        _dlt_load_id as load_id
    from source
    where _dlt_load_id in (select loads.load_id from {{ ref('stg_bluum__loads') }} as loads)

)

select * from final
