{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- The answer about a portfolio's holdings, summary or performance that counts for a night: the newest good one. A
-- performance report counts for its end date, whichever night it was asked.
-- depends_on: {{ ref('int_changes') }}

with

answers as (

    select
        coalesce(end_date, as_of_date) as as_of_date,
        portfolio_id,
        account_id,
        case when endpoint = 'performance_backfill' then 'performance' else endpoint end as endpoint,
        as_of_date as asked_on,
        answer_id,
        response_id,
        outcome,
        received_at
    from {{ ref('int_responses_ranked') }} as answers
    where endpoint in ('holdings', 'summary', 'performance', 'performance_backfill')
        and is_current
        {% if is_incremental() -%}
        and {{ is_changed('answers.account_id', 'coalesce(answers.end_date, answers.as_of_date)') }}
        {%- endif %}

),

ranked as (

    select
        *,
        row_number() over (
            partition by as_of_date, portfolio_id, endpoint
            order by answer_id desc
        ) as recency
    from answers

),

final as (

    select
        as_of_date,
        portfolio_id,
        account_id,
        endpoint,
        asked_on,
        response_id,
        outcome,
        received_at
    from ranked
    where recency = 1

)

select * from final
