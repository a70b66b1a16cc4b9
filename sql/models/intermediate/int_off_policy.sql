{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- The share of an analysis that lies in classes which the policy does not name: by the policy as known now, and as known
-- that night (`_then`). Where is_partial says so it is the least that it can be.
-- depends_on: {{ ref('int_changes') }}

with

analyses as (

    select *
    from {{ ref('int_analyses_dated') }} as analyses
    where outcome = 'ok'
        {% if is_incremental() -%}
        and {{ is_changed('analyses.account_id', 'analyses.as_of_date') }}
        {%- endif %}

),

targets as (

    select * from {{ ref('stg_bluum__policy_targets') }}

),

classes as (

    select
        analyses.as_of_date,
        analyses.portfolio_id,
        {{ computable('drift.actual_percent') }} as actual_percent,
        {% for suffix in ['', '_then'] -%}
        targets{{ suffix }}.asset_class is not null as is_named{{ suffix }}
        {{- "," if not loop.last }}
        {% endfor %}
    from analyses
    inner join {{ ref('allocation_drift_daily') }} as drift
        on analyses.as_of_date = drift.as_of_date
        and analyses.portfolio_id = drift.portfolio_id
    {% for suffix in ['', '_then'] -%}
    left join targets as targets{{ suffix }}
        on analyses.body_response_id{{ suffix }} = targets{{ suffix }}.response_id
        and analyses.account_id = targets{{ suffix }}.account_id
        and analyses.ips_id{{ suffix }} = targets{{ suffix }}.ips_id
        and analyses.policy_version{{ suffix }} = targets{{ suffix }}.version
        and drift.asset_class = targets{{ suffix }}.asset_class
    {% endfor %}

),

added as (

    select
        as_of_date,
        portfolio_id,
        {% for suffix in ['', '_then'] -%}
        count(case when is_named{{ suffix }} then 1 end) as classes_named{{ suffix }},
        count(case when not is_named{{ suffix }} then 1 end) as classes_beyond{{ suffix }},
        count(case when not is_named{{ suffix }} and actual_percent is null then 1 end) as classes_untold{{ suffix }},
        sum(case when not is_named{{ suffix }} then actual_percent end) as share_beyond{{ suffix }}
        {{- "," if not loop.last }}
        {% endfor %}
    from classes
    group by as_of_date, portfolio_id

),

unread as (

    select distinct
        response_id,
        table_name
    from {{ ref('int_quarantined') }}
    where table_name in ('rebalancing_allocations', 'policy_targets')

),

-- Where a row of the policy could not be read, it may name what it seems not to.
judged as (

    select
        analyses.as_of_date,
        analyses.portfolio_id,
        analyses.account_id,
        {% for suffix in ['', '_then'] -%}
        unread_policy{{ suffix }}.response_id is not null
            and coalesce(added.classes_beyond{{ suffix }}, 0) > 0 as may_be_named{{ suffix }},
        analyses.body_response_id{{ suffix }} is not null
            and (unread_analysis.response_id is not null or added.classes_untold{{ suffix }} > 0) as is_untold{{ suffix }},
        added.classes_named{{ suffix }},
        added.classes_beyond{{ suffix }},
        added.share_beyond{{ suffix }}
        {{- "," if not loop.last }}
        {% endfor %}
    from analyses
    left join added
        on analyses.as_of_date = added.as_of_date
        and analyses.portfolio_id = added.portfolio_id
    left join unread as unread_analysis
        on analyses.response_id = unread_analysis.response_id
        and unread_analysis.table_name = 'rebalancing_allocations'
    {% for suffix in ['', '_then'] -%}
    left join unread as unread_policy{{ suffix }}
        on analyses.body_response_id{{ suffix }} = unread_policy{{ suffix }}.response_id
        and unread_policy{{ suffix }}.table_name = 'policy_targets'
    {% endfor %}

),

final as (

    select
        as_of_date,
        portfolio_id,
        account_id,
        {% for suffix in ['', '_then'] -%}
        cast(
            case
                when classes_named{{ suffix }} > 0 and not may_be_named{{ suffix }}
                    then coalesce(
                        share_beyond{{ suffix }},
                        case when classes_beyond{{ suffix }} = 0 and not is_untold{{ suffix }} then 0 end
                    )
            end as decimal(38, 9)
        ) as off_policy_percent{{ suffix }},
        coalesce(may_be_named{{ suffix }} or is_untold{{ suffix }}, false) as is_partial{{ suffix }}
        {{- "," if not loop.last }}
        {% endfor %}
    from judged

)

select * from final
