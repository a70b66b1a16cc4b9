{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- The analysis that counts for a portfolio and night, with the policy version in force that day: as known now, and as known
-- that night (`_then`).
-- depends_on: {{ ref('int_changes') }}

with

answers as (

    select
        as_of_date,
        portfolio_id,
        account_id,
        response_id,
        outcome,
        received_at,
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
        answers.received_at,
        now_known.ips_id,
        now_known.version as policy_version,
        now_known.threshold_percent,
        now_known.body_response_id,
        then_known.ips_id as ips_id_then,
        then_known.version as policy_version_then,
        then_known.threshold_percent as threshold_percent_then,
        then_known.body_response_id as body_response_id_then
    from answers
    left join versions as now_known
        on answers.account_id = now_known.account_id
        and now_known.known_to is null
        and {{ in_force('answers.as_of_date', 'now_known') }}
    left join versions as then_known
        on answers.account_id = then_known.account_id
        and {{ known_by('answers.as_of_date', 'then_known') }}
        and {{ in_force('answers.as_of_date', 'then_known') }}
    where answers.recency = 1

)

select * from final
