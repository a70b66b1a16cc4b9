{{
    config(
        materialized='table_function',
        parameters=['known_at'],
        contract={'enforced': false},
        persist_docs={'relation': false, 'columns': false},
    )
}}

-- marts.allocation_drift_daily_as_of(known_at): the mart as it would have read at an instant, for instance
-- `from marts.allocation_drift_daily_as_of('2026-03-04 12:00:00+00')`. A macro of DuckDB's over tables named without their
-- database, so that it works in any file that holds the tables.
-- depends_on: {{ ref('policy_targets_known') }}

with

reported as (

    select * from {{ ref('allocation_drift_daily').include(database=false) }}
    where is_reported and known_from <= cast(known_at as {{ type_instant() }})

),

analyses as (

    select
        as_of_date,
        portfolio_id,
        account_id,
        known_from,
        response_id,
        count(*) = count(actual_percent)
        and abs(sum({{ computable('actual_percent') }}) - 100) <= {{ tolerance('total_percent_tolerance') }} as is_complete
    from reported
    group by as_of_date, portfolio_id, account_id, known_from, response_id

),

versions as (

    select * from {{ ref('policy_versions_known').include(database=false) }}
    where known_from <= cast(known_at as {{ type_instant() }})
        and (known_to is null or known_to > cast(known_at as {{ type_instant() }}))

),

targets as (

    select * from {{ ref('policy_targets_known').include(database=false) }}
    where known_from <= cast(known_at as {{ type_instant() }})
        and (known_to is null or known_to > cast(known_at as {{ type_instant() }}))

),

governed as (

    select
        analyses.*,
        versions.ips_id,
        versions.version as policy_version,
        versions.threshold_percent
    from analyses
    left join versions
        on analyses.account_id = versions.account_id
        and analyses.as_of_date >= versions.effective_from
        and (analyses.as_of_date < versions.effective_to or versions.effective_to is null)

),

classes as (

    select
        as_of_date,
        portfolio_id,
        asset_class,
        is_reported,
        target_percent,
        actual_percent,
        drift_percent,
        policy_version_then,
        is_outside_band_then,
        is_over_threshold_then
    from reported

    union all

    select
        governed.as_of_date,
        governed.portfolio_id,
        targets.asset_class,
        false as is_reported,
        cast(null as decimal(38, 9)) as target_percent,
        cast(0 as decimal(38, 9)) as actual_percent,
        cast(null as decimal(38, 9)) as drift_percent,
        known.policy_version_then,
        known.is_outside_band_then,
        known.is_over_threshold_then
    from governed
    inner join targets
        on governed.account_id = targets.account_id
        and governed.ips_id = targets.ips_id
        and governed.policy_version = targets.version
    left join reported
        on governed.as_of_date = reported.as_of_date
        and governed.portfolio_id = reported.portfolio_id
        and targets.asset_class = reported.asset_class
    -- What was known that night is known at every later instant.
    left join {{ ref('allocation_drift_daily').include(database=false) }} as known
        on governed.as_of_date = known.as_of_date
        and governed.portfolio_id = known.portfolio_id
        and targets.asset_class = known.asset_class
    where governed.is_complete and reported.asset_class is null

),

joined as (

    select
        classes.*,
        governed.account_id,
        governed.known_from,
        governed.response_id,
        governed.ips_id,
        governed.policy_version,
        governed.threshold_percent,
        targets.target_percent as policy_target_percent,
        targets.min_percent,
        targets.max_percent,
        {{ difference('classes.actual_percent', 'classes.target_percent') }} as recomputed_drift_percent
    from classes
    inner join governed
        on classes.as_of_date = governed.as_of_date
        and classes.portfolio_id = governed.portfolio_id
    left join targets
        on governed.account_id = targets.account_id
        and governed.ips_id = targets.ips_id
        and governed.policy_version = targets.version
        and classes.asset_class = targets.asset_class

),

measured as (

    select
        *,
        {{ band_distance('min_percent', 'max_percent') }} as band_distance_percent
    from joined

),

final as (

    select
        as_of_date,
        portfolio_id,
        asset_class,
        account_id,
        is_reported,
        target_percent,
        actual_percent,
        drift_percent,
        {{ ratio('recomputed_drift_percent', 'target_percent', times=100) }} as relative_drift_percent,
        ips_id,
        policy_version,
        policy_target_percent,
        {{ difference('actual_percent', 'policy_target_percent') }} as policy_drift_percent,
        min_percent,
        max_percent,
        threshold_percent,
        cast(band_distance_percent as decimal(38, 9)) as band_distance_percent,
        band_distance_percent <> 0 as is_outside_band,
        abs(recomputed_drift_percent) >= threshold_percent as is_over_threshold,
        policy_version_then,
        is_outside_band_then,
        is_over_threshold_then,
        known_from,
        response_id
    from measured

)

select * from final
