{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook=["{{ delete_changed(days=var('trade_days')) }}", "{{ delete_open() }}"],
    )
}}

-- depends_on: {{ ref('int_changes') }}

with

trades as (

    select *
    from {{ ref('rebalancing_trades') }} as trades
    {% if is_incremental() -%}
    -- What has changed, and what was open, is already gone.
    where not exists (
        select 1 from {{ this }} as known
        where known.as_of_date = trades.as_of_date
            and known.portfolio_id = trades.portfolio_id
            and known.trade_number = trades.trade_number
    )
    {%- endif %}

),

-- The nights whose holdings are known in full.
nights as (

    select
        as_of_date,
        portfolio_id,
        holdings_response_id
    from {{ ref('portfolio_values_daily') }}
    where holdings_response_id is not null and coalesce(unknown_reason, '') <> 'quarantined'
        {% if is_incremental() -%}
        and as_of_date >= (select min(trades.as_of_date) from trades)
        {%- endif %}

),

-- Null where the units of a row are not told.
units as (

    select
        as_of_date,
        portfolio_id,
        symbol,
        case
            when count(*) = count({{ decimal_or_null('quantity', 28, 9) }})
                then sum({{ decimal_or_null('quantity', 28, 9) }})
        end as quantity,
        case
            when count(*) = count({{ computable('total_cost_basis') }}) then sum({{ computable('total_cost_basis') }})
        end as cost
    from {{ ref('holdings_daily') }}
    {% if is_incremental() -%}
    where as_of_date >= (select min(trades.as_of_date) from trades)
    {%- endif %}
    group by as_of_date, portfolio_id, symbol

),

-- From a split on, what was traded cannot be counted by units.
compared as (

    select
        *,
        lag(as_of_date) over series as previous_on,
        lag(quantity) over series as previous_quantity,
        lag(cost) over series as previous_cost
    from units
    window series as (partition by portfolio_id, symbol order by as_of_date)

),

splits as (

    select
        trades.as_of_date,
        trades.portfolio_id,
        trades.trade_number,
        min(compared.as_of_date) as split_on
    from trades
    inner join compared
        on trades.portfolio_id = compared.portfolio_id
        and trades.symbol = compared.symbol
        and trades.as_of_date <= compared.previous_on
        and {{ days_after('trades.as_of_date', var('trade_days')) }} >= compared.as_of_date
    where {{ is_split('compared.previous_quantity', 'compared.quantity', 'compared.previous_cost', 'compared.cost') }}
    group by trades.as_of_date, trades.portfolio_id, trades.trade_number

),

newest as (

    select max(as_of_date) as newest_on from {{ ref('account_nights') }}

),

wanted as (

    select
        trades.as_of_date,
        trades.portfolio_id,
        trades.trade_number,
        trades.account_id,
        trades.action,
        trades.symbol,
        trades.quantity,
        case lower(trades.action) when 'buy' then 1 when 'sell' then -1 end as direction,
        nights.holdings_response_id,
        splits.split_on,
        case when units.symbol is null then 0 else units.quantity end as quantity_before
    from trades
    left join splits
        on trades.as_of_date = splits.as_of_date
        and trades.portfolio_id = splits.portfolio_id
        and trades.trade_number = splits.trade_number
    left join nights
        on trades.portfolio_id = nights.portfolio_id
        and trades.as_of_date = nights.as_of_date
    left join units
        on trades.portfolio_id = units.portfolio_id
        and trades.as_of_date = units.as_of_date
        and trades.symbol = units.symbol

),

held as (

    select
        wanted.as_of_date,
        wanted.portfolio_id,
        wanted.trade_number,
        wanted.quantity,
        nights.as_of_date as observed_on,
        nights.holdings_response_id,
        -- A sale is the other way about; not by multiplying, which costs a decimal its last digits on some engines.
        case
            when wanted.direction = 1 then {{ difference('coalesce(units.quantity, 0)', 'wanted.quantity_before') }}
            when wanted.direction = -1 then {{ difference('wanted.quantity_before', 'coalesce(units.quantity, 0)') }}
        end as traded_quantity
    from wanted
    inner join nights
        on wanted.portfolio_id = nights.portfolio_id
        and wanted.as_of_date < nights.as_of_date
        and {{ days_after('wanted.as_of_date', var('trade_days')) }} >= nights.as_of_date
    left join units
        on nights.portfolio_id = units.portfolio_id
        and nights.as_of_date = units.as_of_date
        and wanted.symbol = units.symbol
    where wanted.holdings_response_id is not null
        -- What is not in the list is not held; of what is, the units have to be told.
        and (units.symbol is null or units.quantity is not null)
        and (wanted.split_on is null or nights.as_of_date < wanted.split_on)

),

followed as (

    select
        *,
        {{ ratio('traded_quantity', 'quantity', times=100) }} as traded_percent
    from held

),

found as (

    select
        as_of_date,
        portfolio_id,
        trade_number,
        count(*) as nights_observed,
        max(traded_quantity) as traded_quantity,
        max(traded_percent) as traded_percent,
        min(case when traded_percent >= {{ tolerance('trade_done_percent') }} then observed_on end) as done_on
    from followed
    group by as_of_date, portfolio_id, trade_number

),

final as (

    select
        wanted.as_of_date,
        wanted.portfolio_id,
        wanted.trade_number,
        wanted.account_id,
        wanted.action,
        wanted.symbol,
        wanted.quantity,
        case
            when wanted.direction is null or coalesce(wanted.quantity, 0) <= 0 then 'unknown'
            when wanted.holdings_response_id is null or wanted.quantity_before is null then 'unknown'
            when found.done_on is not null then 'done'
            when wanted.split_on is not null then 'unknown'
            when newest.newest_on < {{ days_after('wanted.as_of_date', var('trade_days')) }} then 'open'
            when found.nights_observed is null then 'unknown'
            when found.traded_percent >= {{ tolerance('trade_begun_percent') }} then 'partly'
            else 'not_done'
        end as outcome,
        case
            when wanted.direction is null then 'other_action'
            when coalesce(wanted.quantity, 0) <= 0 then 'no_quantity'
            when wanted.holdings_response_id is null or wanted.quantity_before is null then 'no_holdings'
            when wanted.split_on is not null and found.done_on is null then 'split'
            when found.nights_observed is null
                and newest.newest_on >= {{ days_after('wanted.as_of_date', var('trade_days')) }} then 'no_holdings'
        end as unknown_reason,
        found.done_on,
        now_days.sessions_until - then_days.sessions_until as sessions_until_done,
        case when found.traded_quantity < 0 then 0 else found.traded_quantity end as traded_quantity,
        case when found.traded_percent < 0 then 0 else found.traded_percent end as traded_percent,
        coalesce(found.nights_observed, 0) as nights_observed,
        wanted.holdings_response_id
    from wanted
    left join found
        on wanted.as_of_date = found.as_of_date
        and wanted.portfolio_id = found.portfolio_id
        and wanted.trade_number = found.trade_number
    cross join newest
    left join {{ ref('dates') }} as then_days
        on wanted.as_of_date = then_days.calendar_date
    left join {{ ref('dates') }} as now_days
        on found.done_on = now_days.calendar_date

)

select * from final
