with

checked as (

    {% for check in ['check_positions', 'check_drift', 'check_policy_targets', 'check_pnl_reports', 'check_pnl_items'] -%}
    select * from {{ ref(check) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

final as (

    select
        as_of_date,
        account_id,
        check_name,
        entity,
        reported,
        recomputed,
        difference
    from checked

)

select * from final
