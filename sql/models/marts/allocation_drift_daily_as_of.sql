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
        max(policy_version_then) as policy_version_then,
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

all_targets as (

    select * from {{ ref('policy_targets_known').include(database=false) }}

),

targets as (

    select * from all_targets
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

targets_then as (

    select
        governed.as_of_date,
        governed.portfolio_id,
        targets.asset_class,
        targets.min_percent,
        targets.max_percent
    from governed
    -- What was known that night is known at every later instant.
    inner join all_targets as targets
        on governed.account_id = targets.account_id
        and governed.as_of_date >= targets.known_on
        and (governed.as_of_date < targets.superseded_on or targets.superseded_on is null)
        and governed.as_of_date >= targets.effective_from
        and (governed.as_of_date < targets.effective_to or targets.effective_to is null)

),

named as (

    select
        governed.as_of_date,
        governed.portfolio_id,
        targets.asset_class
    from governed
    inner join targets
        on governed.account_id = targets.account_id
        and governed.ips_id = targets.ips_id
        and governed.policy_version = targets.version

    union

    select
        as_of_date,
        portfolio_id,
        asset_class
    from targets_then

),

left_out as (

    select
        governed.as_of_date,
        governed.portfolio_id,
        named.asset_class,
        cast(0 as decimal(38, 9)) as actual_percent,
        governed.policy_version_then
    from governed
    inner join named
        on governed.as_of_date = named.as_of_date
        and governed.portfolio_id = named.portfolio_id
    left join reported
        on named.as_of_date = reported.as_of_date
        and named.portfolio_id = reported.portfolio_id
        and named.asset_class = reported.asset_class
    where governed.is_complete and reported.asset_class is null

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
        left_out.as_of_date,
        left_out.portfolio_id,
        left_out.asset_class,
        false as is_reported,
        cast(null as decimal(38, 9)) as target_percent,
        left_out.actual_percent,
        cast(null as decimal(38, 9)) as drift_percent,
        left_out.policy_version_then,
        {{ band_distance('targets_then.min_percent', 'targets_then.max_percent') }} <> 0 as is_outside_band_then,
        cast(null as boolean) as is_over_threshold_then
    from left_out
    left join targets_then
        on left_out.as_of_date = targets_then.as_of_date
        and left_out.portfolio_id = targets_then.portfolio_id
        and left_out.asset_class = targets_then.asset_class

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
        abs(recomputed_drift_percent) >= {{ computable('threshold_percent') }} as is_over_threshold,
        policy_version_then,
        is_outside_band_then,
        is_over_threshold_then,
        known_from,
        response_id
    from measured

)

select * from final
