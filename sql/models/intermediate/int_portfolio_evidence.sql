{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- What a night says of each portfolio that it should have been asked about, as the rules of a policy measure it.
-- depends_on: {{ ref('int_changes') }}

with

-- A portfolio that nobody knew to exist has nothing to be judged by.
expected as (

    select
        requests.as_of_date,
        requests.account_id,
        requests.portfolio_id
    from {{ ref('int_requests') }} as requests
    where requests.portfolio_id is not null
        {% if is_incremental() -%}
        and {{ is_changed('requests.account_id', 'requests.as_of_date') }}
        {%- endif %}
    group by requests.as_of_date, requests.account_id, requests.portfolio_id

),

first_nights as (

    select
        account_id,
        portfolio_id,
        min(as_of_date) as first_seen_on
    from {{ ref('int_requests') }}
    where portfolio_id is not null
    group by account_id, portfolio_id

),

-- The analysis of a portfolio that two accounts were asked about on one night is the newer one's.
portfolios as (

    select
        expected.as_of_date,
        expected.account_id,
        expected.portfolio_id,
        first_nights.first_seen_on,
        analyses.response_id,
        coalesce(analyses.outcome = 'ok', false) as has_analysis
    from expected
    inner join first_nights
        on expected.account_id = first_nights.account_id
        and expected.portfolio_id = first_nights.portfolio_id
    left join {{ ref('int_analyses_dated') }} as analyses
        on expected.as_of_date = analyses.as_of_date
        and expected.portfolio_id = analyses.portfolio_id
    where analyses.account_id is null or expected.account_id = analyses.account_id

),

-- Each class of an analysis with its drift; null where it cannot be told.
classes as (

    select
        as_of_date,
        portfolio_id,
        is_reported,
        abs({{ difference('actual_percent', 'target_percent') }}) as abs_drift_percent
    from {{ ref('allocation_drift_daily') }}

),

drifts as (

    select
        portfolios.as_of_date,
        portfolios.portfolio_id,
        max(classes.abs_drift_percent) as max_abs_drift_percent,
        count(case when classes.is_reported and classes.abs_drift_percent is null then 1 end) > 0 as has_unknown_drift
    from portfolios
    inner join classes
        on portfolios.as_of_date = classes.as_of_date
        and portfolios.portfolio_id = classes.portfolio_id
    group by portfolios.as_of_date, portfolios.portfolio_id

),

-- Of these a class, or what the analysis says of itself, waits in quarantine.
unread as (

    select
        response_id,
        max(case when table_name = 'rebalancing_allocations' then 1 else 0 end) as unread_classes,
        max(case when table_name = 'rebalancing' then 1 else 0 end) as unread_heads
    from {{ ref('int_quarantined') }}
    where table_name in ('rebalancing', 'rebalancing_allocations')
    group by response_id

),

final as (

    select
        portfolios.as_of_date,
        portfolios.account_id,
        portfolios.portfolio_id,
        portfolios.has_analysis,
        cast(drifts.max_abs_drift_percent as decimal(38, 9)) as max_abs_drift_percent,
        coalesce(drifts.has_unknown_drift, false) or coalesce(unread.unread_classes, 0) > 0 as has_unknown_drift,
        {% for suffix in ['', '_then'] -%}
        off_policy.off_policy_percent{{ suffix }},
        coalesce(off_policy.is_partial{{ suffix }}, false) as has_unknown_off_policy{{ suffix }},
        {% endfor -%}
        case
            when portfolios.has_analysis and coalesce(unread.unread_heads, 0) = 0
                then {{ days_between(
                    'coalesce(' ~ market_date('heads.last_rebalanced_at') ~ ', portfolios.first_seen_on)',
                    'portfolios.as_of_date'
                ) }}
        end as days_since_rebalancing,
        portfolios.has_analysis and coalesce(unread.unread_heads, 0) = 0 and heads.last_rebalanced_at is null
            as is_never_rebalanced,
        portfolios.response_id
    from portfolios
    left join {{ ref('portfolio_drift_daily') }} as heads
        on portfolios.as_of_date = heads.as_of_date
        and portfolios.portfolio_id = heads.portfolio_id
    left join drifts
        on portfolios.as_of_date = drifts.as_of_date
        and portfolios.portfolio_id = drifts.portfolio_id
    left join {{ ref('int_off_policy') }} as off_policy
        on portfolios.as_of_date = off_policy.as_of_date
        and portfolios.portfolio_id = off_policy.portfolio_id
    left join unread
        on portfolios.response_id = unread.response_id

)

select * from final
