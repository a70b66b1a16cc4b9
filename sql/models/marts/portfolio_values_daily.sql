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
    where outcome = 'ok'
        {% if is_incremental() -%}
        and {{ is_changed('answers.account_id', 'answers.as_of_date') }}
        {%- endif %}

),

nights as (

    select
        as_of_date,
        portfolio_id,
        -- A report of the past may have been asked of an account that holds the portfolio only since.
        coalesce(
            max(case when endpoint = 'holdings' then account_id end),
            max(case when endpoint = 'summary' then account_id end),
            max(account_id)
        ) as account_id,
        max(case when endpoint = 'holdings' then response_id end) as holdings_response_id,
        max(case when endpoint = 'summary' then response_id end) as summary_response_id,
        max(case when endpoint = 'performance' then response_id end) as performance_response_id,
        max(case when endpoint = 'performance' then asked_on end) as performance_asked_on
    from answers
    group by as_of_date, portfolio_id

),

heads as (

    select * from {{ ref('stg_bluum__portfolio_holdings') }}

),

-- A holding without a value leaves the whole unknown; one in another currency, or in none where others name theirs, cannot
-- be added to it.
held as (

    select
        holdings.as_of_date,
        holdings.portfolio_id,
        case
            when count(*) = count({{ computable('holdings.market_value') }})
                then sum({{ computable('holdings.market_value') }})
        end as value,
        case
            when count(distinct holdings.currency) > 1
                or (count(holdings.currency) > 0 and count(holdings.currency) < count(*)) then 'mixed_currencies'
        end as mixed,
        max(holdings.currency) as currency
    from {{ ref('holdings_daily') }} as holdings
    where {{ is_held('holdings') }}
        {% if is_incremental() -%}
        and {{ is_changed('holdings.account_id', 'holdings.as_of_date') }}
        {%- endif %}
    group by holdings.as_of_date, holdings.portfolio_id

),

quarantined as (

    select distinct response_id
    from {{ ref('int_quarantined') }}
    where table_name in ('holdings', 'portfolio_holdings')

),

joined as (

    select
        nights.*,
        heads.cash_balance,
        heads.total_value as reported_total_value,
        coalesce(heads.currency, held.currency) as holdings_currency,
        case
            when nights.holdings_response_id is null then 'no_holdings'
            when quarantined.response_id is not null then 'quarantined'
            when held.mixed is not null or held.currency <> heads.currency then 'mixed_currencies'
            when held.portfolio_id is not null and held.value is null then 'unpriced_holding'
            when heads.cash_balance is null then 'no_cash'
        end as unknown_reason,
        coalesce(held.value, 0) as held_value
    from nights
    left join heads
        on nights.holdings_response_id = heads.response_id
        and nights.as_of_date = heads.as_of_date
    left join held
        on nights.as_of_date = held.as_of_date
        and nights.portfolio_id = held.portfolio_id
    left join quarantined
        on nights.holdings_response_id = quarantined.response_id

),

valued as (

    select
        *,
        case
            when coalesce(unknown_reason, 'no_cash') = 'no_cash' then cast(held_value as decimal(38, 9))
        end as positions_value
    from joined

),

final as (

    select
        valued.as_of_date,
        valued.portfolio_id,
        valued.account_id,
        coalesce(valued.holdings_currency, summaries.currency) as currency,
        valued.cash_balance,
        valued.positions_value,
        case when valued.unknown_reason is null then {{ total('valued.cash_balance', 'valued.positions_value') }} end
            as total_value,
        valued.unknown_reason,
        valued.reported_total_value,
        summaries.total_value as summary_total_value,
        summaries.max_deviation_percent as summary_max_deviation_percent,
        summaries.next_scheduled as next_rebalancing_on,
        performance.start_date as performance_start_date,
        performance.net_contributions as net_contributions_itd,
        performance.net_withdrawals as net_withdrawals_itd,
        performance.total_return as total_return_itd,
        performance.time_weighted_return as time_weighted_return_itd_percent,
        valued.holdings_response_id,
        valued.summary_response_id,
        valued.performance_response_id
    from valued
    left join {{ ref('stg_bluum__portfolio_summaries') }} as summaries
        on valued.summary_response_id = summaries.response_id
        and valued.as_of_date = summaries.as_of_date
    left join {{ ref('stg_bluum__performance_reports') }} as performance
        on valued.performance_response_id = performance.response_id
        and valued.performance_asked_on = performance.as_of_date

)

select * from final
