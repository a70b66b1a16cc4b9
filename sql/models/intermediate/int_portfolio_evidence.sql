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
        coalesce(analyses.outcome = 'ok', false) as has_analysis,
        analyses.body_response_id,
        analyses.ips_id_then,
        analyses.policy_version_then,
        analyses.body_response_id_then
    from expected
    inner join first_nights
        on expected.account_id = first_nights.account_id
        and expected.portfolio_id = first_nights.portfolio_id
    left join {{ ref('int_analyses_dated') }} as analyses
        on expected.as_of_date = analyses.as_of_date
        and expected.portfolio_id = analyses.portfolio_id
    where analyses.account_id is null or expected.account_id = analyses.account_id

),

classes as (

    select * from {{ ref('allocation_drift_daily') }}

),

drifts as (

    select
        portfolios.as_of_date,
        portfolios.portfolio_id,
        count(
            case
                when classes.is_reported
                    and {{ difference('classes.actual_percent', 'classes.target_percent') }} is null then 1
            end
        ) > 0 as has_unknown_drift
    from portfolios
    inner join classes
        on portfolios.as_of_date = classes.as_of_date
        and portfolios.portfolio_id = classes.portfolio_id
    group by portfolios.as_of_date, portfolios.portfolio_id

),

-- The share of classes that the policy known that night does not name, where it is another than the one known now.
off_policy_then as (

    select
        portfolios.as_of_date,
        portfolios.portfolio_id,
        case
            when count(targets.target_percent) > 0
                then sum(case when targets.target_percent is null then {{ computable('classes.actual_percent') }} else 0 end)
        end as off_policy_percent
    from portfolios
    inner join classes
        on portfolios.as_of_date = classes.as_of_date
        and portfolios.portfolio_id = classes.portfolio_id
    left join {{ ref('stg_bluum__policy_targets') }} as targets
        on portfolios.account_id = targets.account_id
        and portfolios.body_response_id_then = targets.response_id
        and portfolios.ips_id_then = targets.ips_id
        and portfolios.policy_version_then = targets.version
        and classes.asset_class = targets.asset_class
    where portfolios.body_response_id is distinct from portfolios.body_response_id_then
    group by portfolios.as_of_date, portfolios.portfolio_id

),

final as (

    select
        portfolios.as_of_date,
        portfolios.account_id,
        portfolios.portfolio_id,
        portfolios.has_analysis,
        heads.max_abs_drift_percent,
        coalesce(drifts.has_unknown_drift, false) as has_unknown_drift,
        heads.off_policy_percent,
        cast(
            case
                when portfolios.body_response_id is distinct from portfolios.body_response_id_then
                    then off_policy_then.off_policy_percent
                else heads.off_policy_percent
            end as decimal(38, 9)
        ) as off_policy_percent_then,
        case
            when portfolios.has_analysis
                then {{ days_between(
                    'coalesce(' ~ market_date('heads.last_rebalanced_at') ~ ', portfolios.first_seen_on)',
                    'portfolios.as_of_date'
                ) }}
        end as days_since_rebalancing,
        portfolios.has_analysis and heads.last_rebalanced_at is null as is_never_rebalanced,
        portfolios.response_id
    from portfolios
    left join {{ ref('portfolio_drift_daily') }} as heads
        on portfolios.as_of_date = heads.as_of_date
        and portfolios.portfolio_id = heads.portfolio_id
    left join drifts
        on portfolios.as_of_date = drifts.as_of_date
        and portfolios.portfolio_id = drifts.portfolio_id
    left join off_policy_then
        on portfolios.as_of_date = off_policy_then.as_of_date
        and portfolios.portfolio_id = off_policy_then.portfolio_id

)

select * from final
