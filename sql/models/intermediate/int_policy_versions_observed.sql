{{
    config(
        materialized='incremental',
        incremental_strategy='scoped',
        on_schema_change='fail',
        meta={'replaces': 'target.account_id = scope.account_id'},
        pre_hook="{{ open_scope(changed_policies()) }}",
        post_hook="{{ caught_up() }}",
    )
}}

-- Every change of what was reported of a policy version: a row when its body, or its entry in a history, reads otherwise
-- than in the answer before. A repeated reading adds nothing, so that the model stays small whatever the number of nights;
-- an account with a new reading is read again from its beginning.

with

{% if is_incremental() -%}
{{ policy_readings(where='where account_id in (select scope.account_id from ' ~ scope() ~ ' as scope)') }},
{%- else -%}
{{ policy_readings() }},
{%- endif %}

compared as (

    select
        *,
        lag(content_key) over (
            partition by account_id, ips_id, version, source
            order by response_id
        ) as previous_content_key
    from identified

),

changes as (

    select *
    from compared
    where previous_content_key is distinct from content_key

),

final as (

    select
        account_id,
        ips_id,
        version,
        source,
        response_id,
        received_at as known_from,
        lead(received_at) over (
            partition by account_id, ips_id, version, source
            order by response_id
        ) as known_to,
        status,
        effective_date,
        created_at,
        risk_tolerance,
        risk_score,
        horizon_years,
        horizon_category,
        primary_objective,
        rebalancing_frequency,
        threshold_percent,
        minimum_cash_percent,
        tax_aware,
        targets_key,
        content_key
    from changes

)

select * from final
