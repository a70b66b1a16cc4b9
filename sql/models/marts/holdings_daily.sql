{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- depends_on: {{ ref('int_changes') }}

with

answers as (

    select *
    from {{ ref('int_portfolio_answers') }} as answers
    where endpoint = 'holdings'
        and outcome = 'ok'
        {% if is_incremental() -%}
        and {{ is_changed('answers.account_id', 'answers.as_of_date') }}
        {%- endif %}

),

heads as (

    select * from {{ ref('stg_bluum__portfolio_holdings') }}

),

holdings as (

    select * from {{ ref('stg_bluum__holdings') }}

),

final as (

    select
        answers.as_of_date,
        answers.portfolio_id,
        holdings.item_number,
        answers.account_id,
        holdings.position_id,
        holdings.symbol,
        holdings.name,
        holdings.asset_class,
        holdings.sector,
        coalesce(holdings.currency, heads.currency) as currency,
        holdings.quantity,
        holdings.average_cost_basis,
        holdings.total_cost_basis,
        holdings.current_price,
        holdings.market_value,
        holdings.unrealized_pl,
        holdings.weight_percent,
        holdings.price_source,
        holdings.price_confidence,
        holdings.price_timestamp,
        answers.response_id
    from answers
    inner join holdings
        on answers.response_id = holdings.response_id
        and answers.asked_on = holdings.as_of_date
    left join heads
        on answers.response_id = heads.response_id
        and answers.asked_on = heads.as_of_date

)

select * from final
