with

targets as (

    select * from {{ ref('policy_targets_known') }}
    where known_to is null

),

final as (

    select
        account_id,
        ips_id,
        version,
        asset_class,
        target_percent,
        min_percent,
        max_percent,
        effective_from,
        effective_to
    from targets

)

select * from final
