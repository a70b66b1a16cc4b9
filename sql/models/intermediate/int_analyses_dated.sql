{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['as_of_date', 'portfolio_id'],
        on_schema_change='fail',
        pre_hook="{{ open_scope(changed_analyses()) }}",
        post_hook="{{ caught_up() }}",
    )
}}

-- The analysis that counts for a portfolio and night, and the policy version in force that day. A night adds its own rows;
-- a late or changed policy version writes again those of earlier nights that now read otherwise. `change_number` tells the
-- drift models which.

with

answers as (

    select
        as_of_date,
        portfolio_id,
        account_id,
        response_id,
        outcome,
        row_number() over (partition by as_of_date, portfolio_id order by answer_id desc) as recency
    from {{ ref('int_responses_ranked') }}
    where endpoint = 'rebalancing'
        and is_current
        {% if is_incremental() -%}
        and exists (
            select 1 from {{ scope() }} as scope
            where int_responses_ranked.as_of_date = scope.as_of_date
                and int_responses_ranked.portfolio_id = scope.portfolio_id
        )
        {%- endif %}

),

versions as (

    select
        *,
        {{ fingerprint(['threshold_percent', 'body_response_id is null', 'targets_key']) }} as policy_key
    from {{ ref('int_policy_versions_dated') }}

),

dated as (

    select
        answers.as_of_date,
        answers.portfolio_id,
        answers.account_id,
        answers.response_id,
        answers.outcome,
        versions.ips_id,
        versions.version as policy_version,
        versions.policy_key
    from answers
    left join versions
        on answers.account_id = versions.account_id
        and answers.as_of_date >= versions.effective_from
        and (answers.as_of_date < versions.effective_to or versions.effective_to is null)
    where answers.recency = 1

),

final as (

    select
        as_of_date,
        portfolio_id,
        account_id,
        response_id,
        outcome,
        ips_id,
        policy_version,
        policy_key,
        {{ newest_change() }} as change_number
    from dated
    {% if is_incremental() -%}
    where not exists (
        select 1
        from {{ this }} as known
        inner join {{ scope() }} as scope
            on known.as_of_date = scope.as_of_date
            and known.portfolio_id = scope.portfolio_id
        where dated.as_of_date = known.as_of_date
            and dated.portfolio_id = known.portfolio_id
            and dated.account_id = known.account_id
            and dated.response_id = known.response_id
            and dated.ips_id is not distinct from known.ips_id
            and dated.policy_version is not distinct from known.policy_version
            and dated.policy_key is not distinct from known.policy_key
            and not scope.is_asked_again
    )
    {%- endif %}

)

select * from final
