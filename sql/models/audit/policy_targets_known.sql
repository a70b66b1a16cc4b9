{{ config(pre_hook="drop table if exists {{ this.incorporate(path={'schema': 'marts'}) }}") }}

-- Up to 0.5 it stood in the schema marts.

with

versions as (

    select * from {{ ref('int_policy_versions_dated') }}

),

targets as (

    select * from {{ ref('stg_bluum__policy_targets') }}

),

final as (

    select
        versions.account_id,
        versions.ips_id,
        versions.version,
        targets.asset_class,
        versions.known_from,
        versions.known_to,
        versions.known_on,
        versions.superseded_on,
        targets.target_percent,
        targets.min_percent,
        targets.max_percent,
        versions.effective_from,
        versions.effective_to,
        targets.response_id
    from versions
    inner join targets
        on versions.body_response_id = targets.response_id
        and versions.account_id = targets.account_id
        and versions.ips_id = targets.ips_id
        and versions.version = targets.version

)

select * from final
