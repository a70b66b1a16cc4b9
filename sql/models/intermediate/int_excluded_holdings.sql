{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- What an account holds on a night of what any version of its policy excludes, by the portfolios' holdings and by the
-- account's list of positions. What it does not hold is no row. A short counts by its size.
-- depends_on: {{ ref('int_changes') }}

with

excluded as (

    select distinct
        account_id,
        rule,
        subject
    from {{ ref('int_policy_rules') }}
    where rule in ('excluded_sector', 'excluded_security')

),

-- Some lists keep a row of what is sold out.
holdings as (

    select
        holdings.as_of_date,
        holdings.account_id,
        {{ sector_name('holdings.sector') }} as sector,
        {{ symbol_name('holdings.symbol') }} as symbol,
        holdings.market_value,
        holdings.response_id
    from {{ ref('holdings_daily') }} as holdings
    where (holdings.quantity is distinct from 0)
    {% if is_incremental() -%}
        and {{ is_changed('holdings.account_id', 'holdings.as_of_date') }}
    {%- endif %}

),

positions as (

    select
        positions.as_of_date,
        positions.account_id,
        {{ symbol_name('positions.symbol') }} as symbol,
        positions.response_id
    from {{ ref('positions_daily') }} as positions
    where (positions.quantity is distinct from 0)
    {% if is_incremental() -%}
        and {{ is_changed('positions.account_id', 'positions.as_of_date') }}
    {%- endif %}

),

found as (

    {% for rule, name in [('excluded_sector', 'sector'), ('excluded_security', 'symbol')] -%}
    select
        holdings.as_of_date,
        holdings.account_id,
        excluded.rule,
        excluded.subject,
        holdings.market_value,
        holdings.response_id as holdings_response_id,
        cast(null as {{ dbt.type_string() }}) as positions_response_id
    from holdings
    inner join excluded
        on holdings.account_id = excluded.account_id
        and holdings.{{ name }} = excluded.subject
    where excluded.rule = '{{ rule }}'

    union all

    {% endfor -%}
    select
        positions.as_of_date,
        positions.account_id,
        excluded.rule,
        excluded.subject,
        cast(null as decimal(38, 9)) as market_value,
        cast(null as {{ dbt.type_string() }}) as holdings_response_id,
        positions.response_id as positions_response_id
    from positions
    inner join excluded
        on positions.account_id = excluded.account_id
        and positions.symbol = excluded.subject
    where excluded.rule = 'excluded_security'

),

final as (

    select
        as_of_date,
        account_id,
        rule,
        subject,
        cast(coalesce(sum(abs({{ computable('market_value') }})), 0) as decimal(38, 9)) as market_value,
        count(holdings_response_id) as holdings,
        count(positions_response_id) as positions,
        min(holdings_response_id) as holdings_response_id,
        min(positions_response_id) as positions_response_id
    from found
    group by as_of_date, account_id, rule, subject

)

select * from final
