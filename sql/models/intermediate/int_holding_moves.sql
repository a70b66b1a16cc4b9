{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- What the holdings of a class were worth at the analysis before, what the same units were worth at this one, and what is
-- held now. Between the first two stands the market, between the last two stand trades and flows.
-- depends_on: {{ ref('int_changes') }}

with

pairs as (

    select *
    from {{ ref('int_analysis_pairs') }} as pairs
    where previous_on is not null
        {% if is_incremental() -%}
        and {{ is_changed('pairs.account_id', 'pairs.as_of_date') }}
        {%- endif %}

),

holdings as (

    select * from {{ ref('holdings_daily') }}
    {% if is_incremental() -%}
    where as_of_date >= (select min(pairs.previous_on) from pairs)
    {%- endif %}

),

-- An analysis that names cash counts it; then it is held like anything else, only that its price does not move.
cash as (

    select
        allocations.as_of_date,
        allocations.portfolio_id,
        max(allocations.asset_class) as asset_class
    from {{ ref('allocation_drift_daily') }} as allocations
    where lower(allocations.asset_class) = 'cash'
    group by allocations.as_of_date, allocations.portfolio_id

),

balances as (

    select * from {{ ref('portfolio_values_daily') }}

),

held as (

    {% for night, side in [('as_of_date', 'now'), ('previous_on', 'before')] -%}
    select
        pairs.as_of_date,
        pairs.portfolio_id,
        pairs.account_id,
        '{{ side }}' as side,
        holdings.symbol,
        holdings.asset_class,
        holdings.quantity,
        holdings.total_cost_basis,
        holdings.market_value,
        holdings.current_price
    from pairs
    inner join holdings
        on pairs.portfolio_id = holdings.portfolio_id
        and pairs.{{ night }} = holdings.as_of_date
        -- A row of what is sold out that tells no price says as much as none.
        and (
            {{ is_held('holdings') }}
            or (holdings.market_value is not null and holdings.current_price is not null)
        )

    union all

    select
        pairs.as_of_date,
        pairs.portfolio_id,
        pairs.account_id,
        '{{ side }}' as side,
        '(cash)' as symbol,
        coalesce(cash_now.asset_class, cash_before.asset_class) as asset_class,
        cast(1 as decimal(38, 18)) as quantity,
        cast(null as decimal(38, 9)) as total_cost_basis,
        balances.cash_balance as market_value,
        cast(null as decimal(38, 18)) as current_price
    from pairs
    inner join balances
        on pairs.portfolio_id = balances.portfolio_id
        and pairs.{{ night }} = balances.as_of_date
    left join cash as cash_now
        on pairs.portfolio_id = cash_now.portfolio_id
        and pairs.as_of_date = cash_now.as_of_date
    left join cash as cash_before
        on pairs.portfolio_id = cash_before.portfolio_id
        and pairs.previous_on = cash_before.as_of_date
    where coalesce(cash_now.asset_class, cash_before.asset_class) is not null
    {{ "union all" if not loop.last }}
    {% endfor %}

),

named as (

    select
        *,
        min(asset_class) over listing <> max(asset_class) over listing as is_in_two_classes
    from held
    window listing as (partition by as_of_date, portfolio_id, symbol, side)

),

keyed as (

    select
        *,
        case
            when max(case when is_in_two_classes then 1 else 0 end) over (
                partition by as_of_date, portfolio_id, symbol
            ) = 1 then asset_class
        end as own_class
    from named

),

{% set figures = {
    'quantity': decimal_or_null('quantity', 28, 10),
    'cost': computable('total_cost_basis'),
    'value': computable('market_value'),
} -%}
-- Today's name of the class counts on both nights: what is only called otherwise has not been traded. A symbol that stands
-- in two classes on one night is two things. What one of its rows does not tell is not known of the symbol.
symbols as (

    select
        as_of_date,
        portfolio_id,
        account_id,
        symbol,
        coalesce(
            max(case when side = 'now' then asset_class end), max(case when side = 'before' then asset_class end)
        ) as asset_class,
        max(case when side = 'now' then current_price end) as price,
        {% for side in ['now', 'before'] -%}
        {% for name, figure in figures.items() -%}
        case
            when count(case when side = '{{ side }}' and {{ figure }} is null then 1 end) = 0
                then sum(case when side = '{{ side }}' then {{ figure }} end)
        end as {{ name }}_{{ side }},
        {% endfor -%}
        count(case when side = '{{ side }}' then 1 end) as rows_{{ side }}
        {{- "," if not loop.last }}
        {% endfor %}
    from keyed
    group by as_of_date, portfolio_id, account_id, symbol, own_class

),

-- The units of before at today's price, where they were split too: that is no trade.
moved as (

    select
        as_of_date,
        portfolio_id,
        account_id,
        asset_class,
        case when rows_before > 0 then value_before else 0 end as value_before,
        case when rows_now > 0 then value_now else 0 end as value_now,
        case
            when rows_before = 0 then 0
            when symbol = '(cash)' or rows_now = 0 then value_before
            when quantity_now = quantity_before then value_now
            when {{ is_split('quantity_before', 'quantity_now', 'cost_before', 'cost_now') }} then value_now
            else {{ product('quantity_before', 'price') }}
        end as value_at_new_prices
    from symbols

),

final as (

    select
        as_of_date,
        portfolio_id,
        max(account_id) as account_id,
        asset_class,
        count(*) = count(value_before)
            and count(*) = count(value_now)
            and count(*) = count(value_at_new_prices) as is_valued,
        cast(sum(value_before) as decimal(38, 9)) as value_before,
        cast(sum(value_at_new_prices) as decimal(38, 9)) as value_at_new_prices,
        cast(sum(value_now) as decimal(38, 9)) as value_now
    from moved
    group by as_of_date, portfolio_id, asset_class

)

select * from final
