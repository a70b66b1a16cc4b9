{{
    config(
        materialized='incremental',
        incremental_strategy='scoped',
        meta={'replaces': 'target.as_of_date = scope.as_of_date and target.portfolio_id = scope.portfolio_id'},
        pre_hook="{{ open_scope(rewritten_analyses()) }}",
        post_hook="{{ caught_up(['int_analyses_dated']) }}",
    )
}}

with

analyses as (

    select *
    from {{ ref('int_analyses_dated') }}
    where outcome = 'ok'
        {% if is_incremental() -%}
        and change_number > {{ watermark() }}
        {%- endif %}

),

trades as (

    select * from {{ ref('stg_bluum__rebalancing_trades') }}

),

final as (

    select
        analyses.as_of_date,
        analyses.portfolio_id,
        trades.trade_number,
        analyses.account_id,
        trades.action,
        trades.symbol,
        trades.asset_class,
        trades.quantity,
        trades.notional,
        trades.reason
    from analyses
    inner join trades
        on analyses.response_id = trades.response_id
        and analyses.as_of_date = trades.as_of_date
        and analyses.portfolio_id = trades.portfolio_id

)

select * from final
