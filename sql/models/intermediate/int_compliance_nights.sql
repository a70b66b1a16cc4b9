{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- What all rules of a night say of an account together: outside if one is, inside if those that are known are.
-- depends_on: {{ ref('int_changes') }}

with

rules as (

    select * from {{ ref('compliance_daily') }} as rules
    {% if is_incremental() -%}
    where {{ is_changed('rules.account_id', 'rules.as_of_date') }}
    {%- endif %}

),

final as (

    select
        as_of_date,
        account_id,
        {% for suffix in ['', '_then'] -%}
        max(policy_version{{ suffix }}) is not null as has_policy{{ suffix }},
        case
            when count(case when verdict{{ suffix }} = 'outside' then 1 end) > 0 then 'outside'
            when count(case when verdict{{ suffix }} = 'inside' then 1 end) > 0 then 'inside'
            else 'unknown'
        end as verdict{{ suffix }}
        {{- "," if not loop.last }}
        {% endfor %}
    from rules
    group by as_of_date, account_id

)

select * from final
