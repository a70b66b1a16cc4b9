{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- depends_on: {{ ref('int_changes') }}

with

returns as (

    select *
    from {{ ref('int_account_returns') }} as returns
    {% if is_incremental() -%}
    where {{ is_changed('returns.account_id', 'returns.as_of_date') }}
    {%- endif %}

),

growth as (

    select * from {{ ref('int_account_growth') }}

),

-- What an account's one portfolio was on a night that a chain begins with.
begun as (

    select
        as_of_date,
        account_id,
        portfolio_id
    from {{ ref('int_account_returns') }}

),

told as (

    select
        as_of_date,
        portfolio_id,
        performance_start_date,
        performance_response_id,
        {{ total('100', 'time_weighted_return_itd_percent') }} as growth_percent
    from {{ ref('portfolio_values_daily') }}

),

joined as (

    select
        returns.*,
        {{ difference(difference('returns.equity', 'returns.previous_equity'), 'returns.net_pnl') }} as implied_flow,
        growth.chained_since,
        growth.sessions_missing,
        {{ difference('growth.growth * 100', '100') }} as chained_return_percent,
        case
            when told.performance_start_date = since_told.performance_start_date
                and growth.chained_since < returns.as_of_date
                then {{ ratio(
                    difference('told.growth_percent', 'since_told.growth_percent'), 'since_told.growth_percent', times=100
                ) }}
        end as reported_return_percent,
        told.performance_response_id
    from returns
    left join growth
        on returns.account_id = growth.account_id
        and returns.as_of_date = growth.as_of_date
    left join told
        on returns.portfolio_id = told.portfolio_id
        and returns.as_of_date = told.as_of_date
    -- A portfolio's return is the account's where it was all of it on both nights.
    left join begun
        on returns.account_id = begun.account_id
        and returns.portfolio_id = begun.portfolio_id
        and growth.chained_since = begun.as_of_date
    left join told as since_told
        on begun.portfolio_id = since_told.portfolio_id
        and begun.as_of_date = since_told.as_of_date

),

final as (

    select
        as_of_date,
        account_id,
        currency,
        source,
        cash,
        positions_value,
        equity,
        previous_on,
        net_pnl,
        implied_flow,
        reported_flow,
        {{ difference('implied_flow', 'reported_flow') }} as flow_difference,
        {{ ratio('case when previous_equity > 0 then net_pnl end', 'previous_equity', times=100) }}
            as estimated_return_percent,
        chained_since,
        sessions_missing,
        chained_return_percent,
        reported_return_percent,
        {{ difference('chained_return_percent', 'reported_return_percent') }} as return_difference_percent,
        unknown_reason,
        performance_response_id
    from joined

)

select * from final
