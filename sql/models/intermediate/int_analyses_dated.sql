{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- The analysis that counts for a portfolio and night, and the policy version in force that day.
-- depends_on: {{ ref('int_changes') }}

with

answers as (

    select
        as_of_date,
        portfolio_id,
        account_id,
        response_id,
        outcome,
        row_number() over (partition by as_of_date, portfolio_id order by answer_id desc) as recency
    from {{ ref('int_responses_ranked') }} as answers
    where endpoint = 'rebalancing'
        and is_current
        {% if is_incremental() -%}
        and {{ is_changed('answers.account_id', 'answers.as_of_date') }}
        {%- endif %}

),

versions as (

    select * from {{ ref('int_policy_versions_dated') }}

),

final as (

    select
        answers.as_of_date,
        answers.portfolio_id,
        answers.account_id,
        answers.response_id,
        answers.outcome,
        versions.ips_id,
        versions.version as policy_version
    from answers
    left join versions
        on answers.account_id = versions.account_id
        and answers.as_of_date >= versions.effective_from
        and (answers.as_of_date < versions.effective_to or versions.effective_to is null)
    where answers.recency = 1

)

select * from final
