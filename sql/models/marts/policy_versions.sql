with

versions as (

    select * from {{ ref('int_policy_versions_dated') }}

),

final as (

    select
        account_id,
        ips_id,
        version,
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
        first_seen_at
    from versions

)

select * from final
