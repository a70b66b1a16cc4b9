{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_new_nights() }}",
    )
}}

-- depends_on: {{ ref('int_new_nights') }}

with

responses as (

    select * from {{ ref('stg_bluum__responses') }}
    {% if is_incremental() -%}
    where {{ is_new_night('as_of_date') }}
    {%- endif %}

),

-- Page 0 says what was asked; one bad or lost page spoils the whole answer.
answers as (

    select
        as_of_date,
        answer_id,
        max(endpoint) as endpoint,
        max(account_id) as account_id,
        max(portfolio_id) as portfolio_id,
        max(case when page = 0 then params end) as params,
        max(case when page = 0 then end_date end) as end_date,
        coalesce(
            min(case when outcome = 'rejected' then outcome end),
            min(case when outcome not in ('ok', 'absent', 'disabled') then outcome end),
            case when count(distinct page) <> max(page) + 1 then 'rejected' end,
            min(case when page = 0 then outcome end)
        ) as outcome,
        count(*) = count(case when outcome in ('ok', 'absent', 'disabled') then 1 end)
            and count(distinct page) = max(page) + 1 as is_good
    from responses
    group by as_of_date, answer_id

),

ranked as (

    select
        *,
        row_number() over (
            partition by as_of_date, endpoint, account_id, portfolio_id, params
            order by answer_id desc
        ) = 1 as is_newest,
        is_good and row_number() over (
            partition by as_of_date, endpoint, account_id, portfolio_id, params, is_good
            order by answer_id desc
        ) = 1 as is_current
    from answers

),

final as (

    select
        responses.response_id,
        responses.as_of_date,
        responses.answer_id,
        responses.page,
        ranked.endpoint,
        ranked.account_id,
        ranked.portfolio_id,
        ranked.params,
        ranked.end_date,
        ranked.outcome,
        ranked.is_good,
        ranked.is_newest,
        ranked.is_current,
        responses.load_id,
        responses.attempts,
        responses.rate_limited,
        responses.requested_at,
        responses.received_at
    from responses
    inner join ranked
        on responses.as_of_date = ranked.as_of_date
        and responses.answer_id = ranked.answer_id

)

select * from final
