{{
    config(
        materialized='incremental',
        incremental_strategy='scoped',
        meta={'replaces': 'target.as_of_date = scope.as_of_date and target.account_id = scope.account_id'},
        pre_hook="{{ open_scope(changed_account_nights(['positions'], ['positions', 'position'])) }}",
        post_hook="{{ caught_up(['int_responses_judged']) }}",
    )
}}

with

positions as (

    select
        positions.*,
        answers.endpoint
    from {{ ref('stg_bluum__positions') }} as positions
    inner join {{ ref('int_responses_judged') }} as answers
        on positions.response_id = answers.response_id
        and positions.as_of_date = answers.as_of_date
    {% if is_incremental() -%}
    inner join {{ scope() }} as scope
        on positions.as_of_date = scope.as_of_date
        and positions.account_id = scope.account_id
    {%- endif %}
    where answers.is_current and answers.endpoint in ('positions', 'position')

),

-- A list whose pages shifted while it was read may name a position twice: the later reading counts.
listed as (

    select
        *,
        row_number() over (
            partition by as_of_date, account_id, position_id, endpoint
            order by response_id desc
        ) as recency,
        -- A position asked again for a fresh price stands in for its row of the list, but adds none.
        max(case when endpoint = 'positions' then 1 else 0 end) over (
            partition by as_of_date, account_id, position_id
        ) as is_listed,
        max(case when endpoint = 'position' then 1 else 0 end) over (
            partition by as_of_date, account_id, position_id
        ) as is_refreshed
    from positions

),

chosen as (

    select *
    from listed
    where recency = 1
        and is_listed = 1
        and (endpoint = 'position' or is_refreshed = 0)

),

totalled as (

    select
        *,
        sum({{ computable('market_value') }}) over (
            partition by as_of_date, account_id, currency
        ) as total_market_value
    from chosen

),

final as (

    select
        as_of_date,
        account_id,
        position_id,
        symbol,
        currency,
        quantity,
        average_cost_basis,
        total_cost_basis,
        current_price,
        market_value,
        unrealized_pl,
        unrealized_pl_percent,
        {{ ratio('market_value', 'total_market_value', times=100) }} as weight_percent,
        price_source,
        price_confidence,
        price_timestamp,
        response_id
    from totalled

)

select * from final
