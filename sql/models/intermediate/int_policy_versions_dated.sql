{{ config(materialized='table') }}

-- A version is in force from its effective date until any later version's, and only when published. "Later" is by
-- ips_id (oldest first), then version: a version that arrives late with an early date leaves the one before it no day.
-- marts.policy_versions_as_of says the same of what was known at an instant; a change here is a change there.

with

known as (

    select * from {{ ref('int_policy_readings') }}

),

first_seen as (

    select
        account_id,
        ips_id,
        version,
        min(known_from) as first_seen_at
    from known
    group by account_id, ips_id, version

),

newest_known as (

    select
        *,
        row_number() over (
            partition by account_id, ips_id, version, source
            order by known_from desc, response_id desc
        ) as recency
    from known

),

bodies as (

    select * from newest_known
    where source = 'body' and recency = 1

),

histories as (

    select * from newest_known
    where source = 'history' and recency = 1

),

newest_published as (

    select
        account_id,
        ips_id,
        max(version) as version
    from bodies
    where lower(coalesce(status, '')) <> 'draft'
    group by account_id, ips_id

),

versions as (

    select
        first_seen.account_id,
        first_seen.ips_id,
        first_seen.version,
        bodies.response_id as body_response_id,
        bodies.status,
        coalesce(bodies.effective_date, histories.effective_date) as effective_from,
        bodies.risk_tolerance,
        bodies.risk_score,
        bodies.horizon_years,
        bodies.horizon_category,
        bodies.primary_objective,
        bodies.rebalancing_frequency,
        bodies.threshold_percent,
        bodies.minimum_cash_percent,
        bodies.tax_aware,
        first_seen.first_seen_at,
        lower(coalesce(bodies.status, '')) <> 'draft' as is_published,
        min(bodies.created_at) over (partition by first_seen.account_id, first_seen.ips_id) as ips_created_at
    from first_seen
    left join bodies
        on first_seen.account_id = bodies.account_id
        and first_seen.ips_id = bodies.ips_id
        and first_seen.version = bodies.version
    left join histories
        on first_seen.account_id = histories.account_id
        and first_seen.ips_id = histories.ips_id
        and first_seen.version = histories.version
    left join newest_published
        on first_seen.account_id = newest_published.account_id
        and first_seen.ips_id = newest_published.ips_id
    where bodies.response_id is not null or first_seen.version <= newest_published.version

),

placed as (

    select
        *,
        row_number() over (
            partition by account_id
            order by ips_created_at nulls last, ips_id, version
        ) as place
    from versions

),

followed as (

    select
        *,
        min(case when is_published then effective_from end) over (
            partition by account_id
            order by place
            rows between 1 following and unbounded following
        ) as next_effective_from,
        max(case when is_published then 1 else 0 end) over (
            partition by account_id
            order by place
            rows between 1 following and unbounded following
        ) as has_successor
    from placed

),

dated as (

    select
        account_id,
        ips_id,
        version,
        case when lower(status) = 'active' and has_successor = 1 then 'superseded' else status end as status,
        effective_from,
        -- A draft is in force on no day.
        case
            when not is_published then effective_from
            when next_effective_from is not null then greatest(effective_from, next_effective_from)
        end as effective_to,
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
        body_response_id
    from followed

),

final as (

    select
        dated.*,
        bodies.targets_key
    from dated
    left join bodies
        on dated.account_id = bodies.account_id
        and dated.ips_id = bodies.ips_id
        and dated.version = bodies.version

)

select * from final
