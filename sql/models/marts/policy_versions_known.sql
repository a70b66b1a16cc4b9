with

final as (

    select
        account_id,
        ips_id,
        version,
        source,
        known_from,
        lead(known_from) over (
            partition by account_id, ips_id, version, source
            order by response_id
        ) as known_to,
        response_id,
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
        tax_aware
    from {{ ref('int_policy_readings') }}

)

select * from final
