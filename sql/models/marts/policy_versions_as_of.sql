{{
    config(
        materialized='table_function',
        parameters=['known_at'],
        contract={'enforced': false},
        persist_docs={'relation': false, 'columns': false},
    )
}}

-- marts.policy_versions_as_of(known_at): the mart policy_versions as it would have read at an instant, for instance
-- `from marts.policy_versions_as_of('2026-03-04 12:00:00+00')`. A macro of DuckDB's over tables named without their
-- database, so that it works in any file that holds the tables.
-- depends_on: {{ ref('policy_versions_known') }}

with

versions as (

    select * from {{ ref('policy_versions_known').include(database=false) }}
    where known_from <= cast(known_at as {{ type_instant() }})
        and (known_to is null or known_to > cast(known_at as {{ type_instant() }}))

),

newest as (

    select max(as_of_date) as as_of_date
    from {{ ref('sync_coverage_daily').include(database=false) }}
    where endpoint = 'accounts' and started_at <= cast(known_at as {{ type_instant() }})

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
