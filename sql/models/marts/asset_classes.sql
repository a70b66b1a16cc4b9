with

names as (

    select
        asset_class,
        min(as_of_date) as first_seen_on,
        max(as_of_date) as last_seen_on,
        {% for source in ['policies', 'analyses', 'trades', 'pnl', 'positions', 'rosters'] -%}
        max(case when source = '{{ source }}' then 1 else 0 end) = 1 as is_in_{{ source }}
        {{- "," if not loop.last }}
        {% endfor %}
    from {{ ref('int_asset_class_nights') }}
    group by asset_class

),

final as (

    select
        names.asset_class,
        coalesce(aliases.asset_class_group, names.asset_class) as asset_class_group,
        aliases.alias is not null as is_known_alias,
        names.is_in_policies,
        names.is_in_analyses,
        names.is_in_trades,
        names.is_in_pnl,
        names.is_in_positions,
        names.is_in_rosters,
        names.first_seen_on,
        names.last_seen_on
    from names
    left join {{ ref('int_asset_class_aliases') }} as aliases
        on lower(names.asset_class) = aliases.alias

)

select * from final
