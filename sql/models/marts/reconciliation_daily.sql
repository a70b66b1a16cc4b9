{{
    config(
        materialized='incremental',
        incremental_strategy='scoped',
        meta={'replaces': 'target.as_of_date = scope.as_of_date and target.account_id = scope.account_id'},
        pre_hook="{{ open_scope(reconciled_again()) }}",
        post_hook="{{ caught_up(['positions_daily', 'allocation_drift_daily', 'int_pnl_reports_judged']) }}",
    )
}}

with

positions as (

    select * from {{ ref('positions_daily') }}
    {{ in_scope('positions_daily') }}

),

drift as (

    select * from {{ ref('allocation_drift_daily') }}
    {{ in_scope('allocation_drift_daily') }}

),

analyses as (

    select * from {{ ref('int_analyses_dated') }}
    {{ in_scope('int_analyses_dated') }}

),

policy_targets as (

    select * from {{ ref('policy_targets') }}

),

reports as (

    select * from {{ ref('int_pnl_reports_judged') }}
    {{ in_scope('int_pnl_reports_judged') }}

),

report_positions as (

    select * from {{ ref('stg_bluum__pnl_by_position') }}

),

report_classes as (

    select * from {{ ref('stg_bluum__pnl_by_asset_class') }}

),

totals as (

    select
        as_of_date,
        account_id,
        portfolio_id,
        cast(sum({{ computable('target_percent') }}) as decimal(38, 9)) as targets_total,
        cast(sum({{ computable('actual_percent') }}) as decimal(38, 9)) as actuals_total
    from drift
    group by as_of_date, account_id, portfolio_id

),

-- Every class of the policy in force, beside the analysis or alone; and classes the analysis has beyond a known policy.
expected as (

    select
        analyses.as_of_date,
        analyses.account_id,
        analyses.portfolio_id,
        targets.asset_class,
        targets.target_percent
    from analyses
    inner join policy_targets as targets
        on analyses.account_id = targets.account_id
        and analyses.ips_id = targets.ips_id
        and analyses.policy_version = targets.version
    where analyses.outcome = 'ok'

),

governed as (

    select distinct as_of_date, portfolio_id from expected

),

beyond as (

    select drift.*
    from drift
    inner join governed
        on drift.as_of_date = governed.as_of_date
        and drift.portfolio_id = governed.portfolio_id
    where drift.policy_target_percent is null

),

-- Days by which the window that a report names departs from the one that it was asked for.
windows as (

    select
        reports.as_of_date,
        reports.account_id,
        cast(answered.reported_start_date - answered.start_date as decimal(38, 9)) as start_date,
        cast(answered.reported_end_date - answered.end_date as decimal(38, 9)) as end_date
    from reports
    inner join {{ ref('stg_bluum__pnl_reports') }} as answered
        on reports.response_id = answered.response_id
    where reports.is_current

),

by_position as (

    select
        reports.as_of_date,
        reports.account_id,
        reports.realized_pnl as reported_realized_pnl,
        reports.unrealized_pnl as reported_unrealized_pnl,
        reports.dividend_income as reported_dividend_income,
        cast(sum({{ computable('items.realized_pnl') }}) as decimal(38, 9)) as realized_pnl,
        cast(sum({{ computable('items.unrealized_pnl') }}) as decimal(38, 9)) as unrealized_pnl,
        cast(sum({{ computable('items.dividend_income') }}) as decimal(38, 9)) as dividend_income
    from reports
    inner join report_positions as items
        on reports.response_id = items.response_id
    where reports.is_current
    group by
        reports.as_of_date,
        reports.account_id,
        reports.realized_pnl,
        reports.unrealized_pnl,
        reports.dividend_income

),

by_asset_class as (

    select
        reports.as_of_date,
        reports.account_id,
        reports.total_pnl as reported_total_pnl,
        cast(sum({{ computable('items.pnl') }}) as decimal(38, 9)) as pnl
    from reports
    inner join report_classes as items
        on reports.response_id = items.response_id
    where reports.is_current
    group by reports.as_of_date, reports.account_id, reports.total_pnl

),

-- A missing figure leaves nothing to compare; a product too large to compute is null and will show.
position_checks as (

    select
        as_of_date,
        account_id,
        'position_market_value' as check_name,
        position_id as entity,
        market_value as reported,
        {{ product('quantity', 'current_price') }} as recomputed,
        {{ tolerance('money_tolerance') }} as tolerance
    from positions
    where market_value is not null and quantity is not null and current_price is not null

    union all

    select
        as_of_date,
        account_id,
        'position_cost' as check_name,
        position_id as entity,
        total_cost_basis as reported,
        {{ product('quantity', 'average_cost_basis') }} as recomputed,
        {{ tolerance('money_tolerance') }} as tolerance
    from positions
    where total_cost_basis is not null and quantity is not null and average_cost_basis is not null

    union all

    select
        as_of_date,
        account_id,
        'position_unrealized_pl' as check_name,
        position_id as entity,
        unrealized_pl as reported,
        {{ difference('market_value', 'total_cost_basis') }} as recomputed,
        {{ tolerance('money_tolerance') }} as tolerance
    from positions
    where unrealized_pl is not null and market_value is not null and total_cost_basis is not null

),

drift_checks as (

    select
        as_of_date,
        account_id,
        'drift' as check_name,
        portfolio_id || '/' || asset_class as entity,
        drift_percent as reported,
        {{ difference('actual_percent', 'target_percent') }} as recomputed,
        {{ tolerance('percent_tolerance') }} as tolerance
    from drift
    where drift_percent is not null and actual_percent is not null and target_percent is not null

    union all

    select
        as_of_date,
        account_id,
        'targets_total' as check_name,
        portfolio_id as entity,
        targets_total as reported,
        cast(100 as decimal(38, 9)) as recomputed,
        {{ tolerance('total_percent_tolerance') }} as tolerance
    from totals

    union all

    select
        as_of_date,
        account_id,
        'actuals_total' as check_name,
        portfolio_id as entity,
        actuals_total as reported,
        cast(100 as decimal(38, 9)) as recomputed,
        {{ tolerance('total_percent_tolerance') }} as tolerance
    from totals

    union all

    select
        expected.as_of_date,
        expected.account_id,
        'policy_target' as check_name,
        expected.portfolio_id || '/' || expected.asset_class as entity,
        drift.target_percent as reported,
        expected.target_percent as recomputed,
        {{ tolerance('percent_tolerance') }} as tolerance
    from expected
    left join drift
        on expected.as_of_date = drift.as_of_date
        and expected.portfolio_id = drift.portfolio_id
        and expected.asset_class = drift.asset_class

    union all

    select
        as_of_date,
        account_id,
        'policy_target' as check_name,
        portfolio_id || '/' || asset_class as entity,
        target_percent as reported,
        cast(null as decimal(38, 9)) as recomputed,
        {{ tolerance('percent_tolerance') }} as tolerance
    from beyond

),

-- A report without items, or without the parts of a total, says nothing about that total.
pnl_checks as (

    select
        as_of_date,
        account_id,
        'pnl_total' as check_name,
        'total_pnl' as entity,
        total_pnl as reported,
        cast({{ computable('realized_pnl') }} + {{ computable('unrealized_pnl') }} as decimal(38, 9)) as recomputed,
        {{ tolerance('parts_tolerance') }} as tolerance
    from reports
    where is_current and total_pnl is not null and realized_pnl is not null and unrealized_pnl is not null

    union all

    select
        as_of_date,
        account_id,
        'pnl_net_realized' as check_name,
        'net_realized' as entity,
        net_realized as reported,
        cast(
            {{ computable('short_term_gains') }} + {{ computable('short_term_losses') }}
            + {{ computable('long_term_gains') }} + {{ computable('long_term_losses') }} as decimal(38, 9)
        ) as recomputed,
        {{ tolerance('parts_tolerance') }} as tolerance
    from reports
    where is_current
        and net_realized is not null
        and short_term_gains is not null
        and short_term_losses is not null
        and long_term_gains is not null
        and long_term_losses is not null

    {% for bound in ['start_date', 'end_date'] -%}
    union all

    select
        as_of_date,
        account_id,
        'pnl_window' as check_name,
        '{{ bound }}' as entity,
        {{ bound }} as reported,
        cast(0 as decimal(38, 9)) as recomputed,
        cast(0 as decimal(38, 9)) as tolerance
    from windows
    where {{ bound }} is not null

    {% endfor -%}
    {% for measure in ['realized_pnl', 'unrealized_pnl', 'dividend_income'] -%}
    union all

    select
        as_of_date,
        account_id,
        'pnl_by_position' as check_name,
        '{{ measure }}' as entity,
        reported_{{ measure }} as reported,
        {{ measure }} as recomputed,
        {{ tolerance('parts_tolerance') }} as tolerance
    from by_position
    where {{ measure }} is not null and reported_{{ measure }} is not null

    {% endfor -%}
    union all

    select
        as_of_date,
        account_id,
        'pnl_by_asset_class' as check_name,
        'total_pnl' as entity,
        reported_total_pnl as reported,
        pnl as recomputed,
        {{ tolerance('parts_tolerance') }} as tolerance
    from by_asset_class
    where pnl is not null and reported_total_pnl is not null

),

compared as (

    select * from position_checks
    union all
    select * from drift_checks
    union all
    select * from pnl_checks

),

final as (

    select
        as_of_date,
        account_id,
        check_name,
        entity,
        reported,
        recomputed,
        {{ difference('reported', 'recomputed') }} as difference
    from compared
    where (reported is null) <> (recomputed is null)
        or abs({{ difference('reported', 'recomputed') }}) > tolerance

)

select * from final
