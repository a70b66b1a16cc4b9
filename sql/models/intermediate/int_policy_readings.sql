{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_new_nights() }}",
    )
}}

-- What was reported of a policy version when it was another thing than in the answer before, body and history entry apart. A
-- repeated reading adds nothing, so that the model stays small whatever the number of nights.
-- depends_on: {{ ref('int_new_nights') }}

with

answers as (

    select
        response_id,
        as_of_date,
        load_id,
        received_at as known_from
    from {{ ref('int_responses_ranked') }}
    where endpoint in ('investment_policy', 'investment_policy_version') and is_good
        {% if is_incremental() -%}
        and {{ is_new_night('as_of_date') }}
        {%- endif %}

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
    {% if is_incremental() -%}
    where {{ is_new_night('as_of_date') }}
    {%- endif %}
    group by response_id, account_id, ips_id, version

),

-- The lists of a policy: what it excludes, and its other aims.
terms as (

    select
        response_id,
        account_id,
        ips_id,
        version,
        {{ joined_texts(fingerprint(['term', 'item_number', 'value']), 'term, item_number') }} as terms_key
    from {{ ref('stg_bluum__policy_terms') }}
    {% if is_incremental() -%}
    where {{ is_new_night('as_of_date') }}
    {%- endif %}
    group by response_id, account_id, ips_id, version

),

bodies as (

    select
        versions.account_id,
        versions.ips_id,
        versions.version,
        'body' as source,
        versions.response_id,
        answers.as_of_date,
        answers.load_id,
        answers.known_from,
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
        versions.tax_bracket,
        targets.targets_key,
        terms.terms_key
    from {{ ref('stg_bluum__policy_versions') }} as versions
    inner join answers
        on versions.response_id = answers.response_id
    left join targets
        on versions.response_id = targets.response_id
        and versions.account_id = targets.account_id
        and versions.ips_id = targets.ips_id
        and versions.version = targets.version
    left join terms
        on versions.response_id = terms.response_id
        and versions.account_id = terms.account_id
        and versions.ips_id = terms.ips_id
        and versions.version = terms.version

),

histories as (

    select
        histories.account_id,
        histories.ips_id,
        histories.version,
        'history' as source,
        histories.response_id,
        answers.as_of_date,
        answers.load_id,
        answers.known_from,
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
        cast(null as decimal(38, 9)) as tax_bracket,
        cast(null as {{ dbt.type_string() }}) as targets_key,
        cast(null as {{ dbt.type_string() }}) as terms_key
    from {{ ref('stg_bluum__policy_history') }} as histories
    inner join answers
        on histories.response_id = answers.response_id

),

observed as (

    select * from bodies
    union all
    select * from histories

),

keyed as (

    select
        *,
        {{ fingerprint([
            'status', 'effective_date', 'created_at', 'risk_tolerance', 'risk_score', 'horizon_years',
            'horizon_category', 'primary_objective', 'rebalancing_frequency', 'threshold_percent',
            'minimum_cash_percent', 'tax_aware', 'tax_bracket', 'targets_key', 'terms_key',
        ]) }} as content_key,
        true as is_new
    from observed

    {% if is_incremental() -%}
    union all

    -- What the first new reading is compared with: the nights that are read again are already gone.
    select
        known.*,
        false as is_new
    from {{ this }} as known
    {%- endif %}

),

compared as (

    select
        *,
        lag(content_key) over (
            partition by account_id, ips_id, version, source
            order by response_id
        ) as previous_content_key
    from keyed

),

final as (

    select
        {% for column in [
            'account_id', 'ips_id', 'version', 'source', 'response_id', 'as_of_date', 'load_id', 'known_from', 'status',
            'effective_date', 'created_at', 'risk_tolerance', 'risk_score', 'horizon_years', 'horizon_category',
            'primary_objective', 'rebalancing_frequency', 'threshold_percent', 'minimum_cash_percent', 'tax_aware',
            'tax_bracket', 'targets_key', 'terms_key',
        ] -%}
        {{ column }},
        {% endfor -%}
        content_key
    from compared
    where is_new and previous_content_key is distinct from content_key

)

select * from final
