with

versions as (

    select * from {{ ref('int_policy_versions_dated') }}
    where known_to is null

),

-- A day on which P&L of the past alone was asked for is no night.
newest as (

    select max(as_of_date) as as_of_date
    from {{ ref('sync_coverage_daily') }}
    where endpoint = 'accounts'

),

final as (

    select
        versions.account_id,
        versions.ips_id,
        versions.version,
        versions.status,
        versions.effective_from,
        versions.effective_to,
        versions.risk_tolerance,
        versions.risk_score,
        versions.horizon_years,
        versions.horizon_category,
        versions.primary_objective,
        versions.rebalancing_frequency,
        versions.threshold_percent,
        versions.minimum_cash_percent,
        versions.tax_aware,
        versions.first_seen_at,
        coalesce(
            versions.effective_from <= newest.as_of_date
            and (versions.effective_to > newest.as_of_date or versions.effective_to is null),
            false
        ) as is_in_force
    from versions
    cross join newest

)

select * from final
