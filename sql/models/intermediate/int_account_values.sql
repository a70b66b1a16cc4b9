{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- What an account's portfolios are worth together on a night, where all that were expected are known, in one currency.
-- depends_on: {{ ref('int_changes') }}

with

-- A setting that was changed within a night makes two requests of one.
requests as (

    select
        requests.as_of_date,
        requests.account_id,
        requests.endpoint,
        requests.portfolio_id,
        max(case when requests.outcome in ('ok', 'absent') then requests.response_id end) as response_id
    from {{ ref('int_requests') }} as requests
    where requests.endpoint in ('holdings', 'positions')
        {% if is_incremental() -%}
        and {{ is_changed('requests.account_id', 'requests.as_of_date') }}
        {%- endif %}
    group by requests.as_of_date, requests.account_id, requests.endpoint, requests.portfolio_id

),

-- Which of the expected portfolios are known, and where not, why.
portfolios as (

    select
        requests.as_of_date,
        requests.account_id,
        requests.endpoint,
        requests.portfolio_id,
        requests.response_id as list_response_id,
        portfolio_values.currency,
        portfolio_values.cash_balance,
        portfolio_values.total_value,
        portfolio_values.holdings_response_id,
        requests.endpoint = 'holdings' and portfolio_values.currency is null and portfolio_values.unknown_reason is null
            as is_without_currency,
        case
            when requests.endpoint = 'holdings'
                then coalesce(
                    portfolio_values.unknown_reason,
                    case when portfolio_values.portfolio_id is null then 'no_holdings' end
                )
        end as unknown_reason
    from requests
    left join {{ ref('portfolio_values_daily') }} as portfolio_values
        on requests.as_of_date = portfolio_values.as_of_date
        and requests.portfolio_id = portfolio_values.portfolio_id
        and requests.account_id = portfolio_values.account_id

),

holdings as (

    select
        holdings.as_of_date,
        holdings.account_id,
        count(*) - count(holdings.sector) as without_sector
    from {{ ref('holdings_daily') }} as holdings
    where holdings.quantity is distinct from 0
        {% if is_incremental() -%}
        and {{ is_changed('holdings.account_id', 'holdings.as_of_date') }}
        {%- endif %}
    group by holdings.as_of_date, holdings.account_id

),

-- Lists of positions that are a part.
unread as (

    select distinct
        as_of_date,
        account_id
    from {{ ref('int_quarantined') }}
    where table_name = 'positions' and endpoint = 'positions' and is_current

),

together as (

    select
        as_of_date,
        account_id,
        case
            when count(case when endpoint = 'holdings' then 1 end) = 0 then 'no_holdings'
            when count(case when unknown_reason = 'no_holdings' then 1 end) > 0 then 'no_holdings'
            -- What names no currency may be in another one.
            when count(distinct currency) > 1
                or (count(currency) > 0 and count(case when is_without_currency then 1 end) > 0)
                then 'mixed_currencies'
            else min(unknown_reason)
        end as unknown_reason,
        count(case when endpoint = 'holdings' then 1 end) > 0
        and count(case when unknown_reason in ('no_holdings', 'quarantined') then 1 end) = 0 as has_all_holdings,
        count(case when endpoint = 'holdings' then 1 end) as portfolios,
        case when count(case when endpoint = 'holdings' then 1 end) = 1 then max(portfolio_id) end as portfolio_id,
        min(currency) as currency,
        cast(sum({{ computable('cash_balance') }}) as decimal(38, 9)) as cash_balance,
        cast(sum({{ computable('total_value') }}) as decimal(38, 9)) as total_value,
        min(holdings_response_id) as response_id,
        min(case when endpoint = 'positions' then list_response_id end) as positions_response_id
    from portfolios
    group by as_of_date, account_id

),

final as (

    select
        together.as_of_date,
        together.account_id,
        together.unknown_reason,
        together.has_all_holdings,
        together.portfolios,
        together.portfolio_id,
        case when together.unknown_reason is null then together.currency end as currency,
        case when together.unknown_reason is null then together.cash_balance end as cash_balance,
        case when together.unknown_reason is null then together.total_value end as total_value,
        coalesce(holdings.without_sector, 0) as holdings_without_sector,
        together.response_id,
        together.positions_response_id,
        together.positions_response_id is not null and unread.account_id is null as has_all_positions
    from together
    left join unread
        on together.as_of_date = unread.as_of_date
        and together.account_id = unread.account_id
    left join holdings
        on together.as_of_date = holdings.as_of_date
        and together.account_id = holdings.account_id

)

select * from final
