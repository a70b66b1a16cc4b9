{{ config(materialized='table') }}

-- Every change of what was reported of a policy version: a row when its body, or its entry in a history, reads otherwise
-- than in the answer before. A repeated reading adds nothing, so that the model stays small whatever the number of nights.

with

compared as (

    select
        *,
        lag(content_key) over (
            partition by account_id, ips_id, version, source
            order by response_id
        ) as previous_content_key
    from {{ ref('int_policy_readings') }}

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
        load_id,
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
