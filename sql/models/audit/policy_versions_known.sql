{{ config(pre_hook="drop table if exists {{ this.incorporate(path={'schema': 'marts'}) }}") }}

-- Up to 0.5 it stood in the schema marts.

with

final as (

    select
        account_id,
        ips_id,
        version,
        known_from,
        known_to,
        status,
        effective_from,
        effective_to,
        risk_tolerance,
        risk_score,
        horizon_years,
        horizon_category,
        primary_objective,
        rebalancing_frequency,
        threshold_percent,
        minimum_cash_percent,
        tax_aware,
        first_seen_at,
        body_response_id as response_id
    from {{ ref('int_policy_versions_dated') }}

)

select * from final
