{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- depends_on: {{ ref('int_changes') }}

with

analyses as (

    select *
    from {{ ref('int_analyses_dated') }} as analyses
    where outcome = 'ok'
        {% if is_incremental() -%}
        and {{ is_changed('analyses.account_id', 'analyses.as_of_date') }}
        {%- endif %}

),

heads as (

    select * from {{ ref('stg_bluum__rebalancing') }}

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
        heads.currency,
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
    left join heads
        on analyses.response_id = heads.response_id
        and analyses.as_of_date = heads.as_of_date
        and analyses.portfolio_id = heads.portfolio_id

)

select * from final
