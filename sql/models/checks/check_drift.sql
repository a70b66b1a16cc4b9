-- depends_on: {{ ref('int_changes') }}

with

drift as (

    select * from {{ ref('allocation_drift_daily') }} as drift
    {% if is_incremental() -%}
    where {{ is_changed('drift.account_id', 'drift.as_of_date') }}
    {%- endif %}

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

compared as (

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
    where {{ disagree('reported', 'recomputed', 'tolerance') }}

)

select * from final
