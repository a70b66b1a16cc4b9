{{ config(materialized='table') }}

-- Each policy version with the days it is in force, as known from one night to another. A version is in force from its
-- effective date until any later version's, and only when published. "Later" is by ips_id (oldest first), then version: a
-- version that arrives late with an early date leaves the one before it no day.

with

readings as (

    select * from {{ ref('int_policy_readings') }}

),

-- What is known of an account's policies changes with a night: when the last of its answers was received.
moments as (

    select
        account_id,
        as_of_date as known_on,
        max(known_from) as known_from
    from readings
    group by account_id, as_of_date

),

states as (

    select
        account_id,
        known_from,
        known_on,
        row_number() over series as state,
        lead(known_from) over series as known_to,
        lead(known_on) over series as superseded_on
    from moments
    window series as (partition by account_id order by known_on)

),

known as (

    select
        states.state,
        readings.*,
        row_number() over (
            partition by readings.account_id, states.state, readings.ips_id, readings.version, readings.source
            order by readings.known_from desc, readings.response_id desc
        ) as recency
    from states
    inner join readings
        on states.account_id = readings.account_id
        and states.known_on >= readings.as_of_date

),

first_seen as (

    select
        account_id,
        state,
        ips_id,
        version,
        min(known_from) as first_seen_at
    from known
    group by account_id, state, ips_id, version

),

bodies as (

    select * from known
    where source = 'body' and recency = 1

),

histories as (

    select * from known
    where source = 'history' and recency = 1

),

newest_published as (

    select
        account_id,
        state,
        ips_id,
        max(version) as version
    from bodies
    where lower(coalesce(status, '')) <> 'draft'
    group by account_id, state, ips_id

),

versions as (

    select
        first_seen.account_id,
        first_seen.state,
        first_seen.ips_id,
        first_seen.version,
        first_seen.first_seen_at,
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
        bodies.tax_bracket,
        lower(coalesce(bodies.status, '')) <> 'draft' as is_published,
        min(bodies.created_at) over (
            partition by first_seen.account_id, first_seen.state, first_seen.ips_id
        ) as ips_created_at
    from first_seen
    left join bodies
        on first_seen.account_id = bodies.account_id
        and first_seen.state = bodies.state
        and first_seen.ips_id = bodies.ips_id
        and first_seen.version = bodies.version
    left join histories
        on first_seen.account_id = histories.account_id
        and first_seen.state = histories.state
        and first_seen.ips_id = histories.ips_id
        and first_seen.version = histories.version
    left join newest_published
        on first_seen.account_id = newest_published.account_id
        and first_seen.state = newest_published.state
        and first_seen.ips_id = newest_published.ips_id
    where bodies.response_id is not null or first_seen.version <= newest_published.version

),

placed as (

    select
        *,
        row_number() over (
            partition by account_id, state
            order by ips_created_at nulls last, ips_id, version
        ) as place
    from versions

),

followed as (

    select
        *,
        min(case when is_published then effective_from end) over (
            partition by account_id, state
            order by place
            rows between 1 following and unbounded following
        ) as next_effective_from,
        max(case when is_published then 1 else 0 end) over (
            partition by account_id, state
            order by place
            rows between 1 following and unbounded following
        ) as has_successor
    from placed

),

dated as (

    select
        account_id,
        state,
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
        tax_bracket,
        first_seen_at,
        body_response_id
    from followed

),

keyed as (

    select
        *,
        -- The body stands for what it says: int_policy_readings has one only where it says something else.
        {{ fingerprint(['status', 'effective_from', 'effective_to', 'body_response_id']) }} as content_key
    from dated

),

compared as (

    select
        *,
        lag(state) over series as previous_state,
        lag(content_key) over series as previous_content_key
    from keyed
    window series as (partition by account_id, ips_id, version order by state)

),

-- States that say the same of a version get one number.
numbered as (

    select
        *,
        sum(
            case when previous_state = state - 1 and previous_content_key = content_key then 0 else 1 end
        ) over (
            partition by account_id, ips_id, version
            order by state
            rows between unbounded preceding and current row
        ) as run_number
    from compared

),

runs as (

    select
        *,
        max(state) over (partition by account_id, ips_id, version, run_number) as last_state,
        row_number() over (partition by account_id, ips_id, version, run_number order by state) as place_in_run
    from numbered

),

final as (

    select
        runs.account_id,
        runs.ips_id,
        runs.version,
        first_states.known_from,
        last_states.known_to,
        first_states.known_on,
        last_states.superseded_on,
        runs.status,
        runs.effective_from,
        runs.effective_to,
        runs.risk_tolerance,
        runs.risk_score,
        runs.horizon_years,
        runs.horizon_category,
        runs.primary_objective,
        runs.rebalancing_frequency,
        runs.threshold_percent,
        runs.minimum_cash_percent,
        runs.tax_aware,
        runs.tax_bracket,
        runs.first_seen_at,
        runs.body_response_id
    from runs
    inner join states as first_states
        on runs.account_id = first_states.account_id
        and runs.state = first_states.state
    inner join states as last_states
        on runs.account_id = last_states.account_id
        and runs.last_state = last_states.state
    where runs.place_in_run = 1

)

select * from final
