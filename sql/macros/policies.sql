{#
    From what is known of the policy versions (CTE `known`: rows of policy_versions_known up to some instant) to the days
    each is in force (CTE `dated`). One text for the model and for policy_versions_as_of, so that both answer alike.

    A version is in force from its effective date until any later version's, and only when published. "Later" is by
    ips_id (oldest first), then version: a version that arrives late with an early date leaves the one before it no day.
#}
{% macro policy_versions_dated() -%}
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

)
{%- endmacro %}


{#
    What the answers say of policy versions (CTE `identified`), each reading with a key of its content. `where` restricts
    the raw rows that are read.
#}
{% macro policy_readings(where='') -%}
answers as (

    select response_id, received_at
    from {{ ref('int_responses_judged') }}
    where endpoint in ('investment_policy', 'investment_policy_version') and is_good

),

targets as (

    select
        response_id,
        account_id,
        ips_id,
        version,
        {{ joined_texts(
            fingerprint(['asset_class', 'target_percent', 'min_percent', 'max_percent']), 'asset_class'
        ) }} as targets_key
    from {{ ref('stg_bluum__policy_targets') }}
    {{ where }}
    group by response_id, account_id, ips_id, version

),

bodies as (

    select
        versions.account_id,
        versions.ips_id,
        versions.version,
        'body' as source,
        versions.response_id,
        answers.received_at,
        versions.status,
        versions.effective_date,
        versions.created_at,
        versions.risk_tolerance,
        versions.risk_score,
        versions.horizon_years,
        versions.horizon_category,
        versions.primary_objective,
        versions.rebalancing_frequency,
        versions.threshold_percent,
        versions.minimum_cash_percent,
        versions.tax_aware,
        targets.targets_key
    from {{ ref('stg_bluum__policy_versions') }} as versions
    inner join answers
        on versions.response_id = answers.response_id
    left join targets
        on versions.response_id = targets.response_id
        and versions.account_id = targets.account_id
        and versions.ips_id = targets.ips_id
        and versions.version = targets.version
    {{ where | replace('where ', 'where versions.') }}

),

histories as (

    select
        histories.account_id,
        histories.ips_id,
        histories.version,
        'history' as source,
        histories.response_id,
        answers.received_at,
        cast(null as {{ dbt.type_string() }}) as status,
        histories.effective_date,
        cast(null as {{ type_instant() }}) as created_at,
        cast(null as {{ dbt.type_string() }}) as risk_tolerance,
        cast(null as bigint) as risk_score,
        cast(null as bigint) as horizon_years,
        cast(null as {{ dbt.type_string() }}) as horizon_category,
        cast(null as {{ dbt.type_string() }}) as primary_objective,
        cast(null as {{ dbt.type_string() }}) as rebalancing_frequency,
        cast(null as decimal(38, 9)) as threshold_percent,
        cast(null as decimal(38, 9)) as minimum_cash_percent,
        cast(null as boolean) as tax_aware,
        cast(null as {{ dbt.type_string() }}) as targets_key
    from {{ ref('stg_bluum__policy_history') }} as histories
    inner join answers
        on histories.response_id = answers.response_id
    {{ where | replace('where ', 'where histories.') }}

),

observed as (

    select * from bodies
    union all
    select * from histories

),

identified as (

    select
        *,
        {{ fingerprint([
            'status', 'effective_date', 'created_at', 'risk_tolerance', 'risk_score', 'horizon_years',
            'horizon_category', 'primary_objective', 'rebalancing_frequency', 'threshold_percent',
            'minimum_cash_percent', 'tax_aware', 'targets_key',
        ]) }} as content_key
    from observed

)
{%- endmacro %}


{#
    Scope of int_policy_versions_observed: the accounts of which new loads hold a reading that differs from the one before it,
    including rows read late that belong to an older answer. The repeated readings of an ordinary night touch nothing.
#}
{% macro changed_policies() -%}
    with

    touched as (

        {% for table in ['policy_versions', 'policy_targets', 'policy_history'] -%}
        select response_id from {{ ref('stg_bluum__' ~ table) }} where load_id in {{ new_loads() }}
        {{ "union " if not loop.last }}
        {%- endfor %}

    ),

    {{ policy_readings(where='where response_id in (select touched.response_id from touched)') }},

    preceded as (

        select
            identified.account_id,
            identified.content_key,
            known.content_key as known_content_key,
            row_number() over (
                partition by
                    identified.account_id,
                    identified.ips_id,
                    identified.version,
                    identified.source,
                    identified.response_id
                order by known.response_id desc nulls last
            ) as recency
        from identified
        left join {{ this }} as known
            on identified.account_id = known.account_id
            and identified.ips_id = known.ips_id
            and identified.version = known.version
            and identified.source = known.source
            and identified.response_id >= known.response_id

    )

    select distinct account_id from preceded
    where recency = 1 and content_key is distinct from known_content_key
{%- endmacro %}
