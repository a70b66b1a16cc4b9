{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- The policy version in force for an account on a night, as known now and as known that night (`_then`), as
-- int_analyses_dated has it for a portfolio. Every night of an account: those of its history, and those it was asked on.
-- depends_on: {{ ref('int_changes') }}

with

nights as (

    select
        nights.as_of_date,
        nights.account_id
    from {{ ref('account_nights') }} as nights
    {% if is_incremental() -%}
    where {{ is_changed('nights.account_id', 'nights.as_of_date') }}
    {%- endif %}

    union

    select
        requests.as_of_date,
        requests.account_id
    from {{ ref('int_requests') }} as requests
    where requests.account_id is not null and requests.endpoint in ('rebalancing', 'holdings')
        {% if is_incremental() -%}
        and {{ is_changed('requests.account_id', 'requests.as_of_date') }}
        {%- endif %}

),

versions as (

    select * from {{ ref('int_policy_versions_dated') }}

),

versions_known as (

    select * from versions
    where known_to is null

),

final as (

    select
        nights.as_of_date,
        nights.account_id,
        now_known.ips_id,
        now_known.version as policy_version,
        now_known.tax_bracket as tax_bracket_percent,
        now_known.body_response_id,
        then_known.ips_id as ips_id_then,
        then_known.version as policy_version_then,
        then_known.body_response_id as body_response_id_then
    from nights
    left join versions_known as now_known
        on nights.account_id = now_known.account_id
        and {{ in_force('nights.as_of_date', 'now_known') }}
    left join versions as then_known
        on nights.account_id = then_known.account_id
        and {{ known_by('nights.as_of_date', 'then_known') }}
        and {{ in_force('nights.as_of_date', 'then_known') }}

)

select * from final
