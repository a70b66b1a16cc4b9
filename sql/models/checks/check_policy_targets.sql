-- Every class of the policy in force, beside the analysis or alone; and classes the analysis has beyond a known policy.
-- depends_on: {{ ref('int_changes') }}

with

drift as (

    select * from {{ ref('allocation_drift_daily') }} as drift
    {% if is_incremental() -%}
    where {{ is_changed('drift.account_id', 'drift.as_of_date') }}
    {%- endif %}

),

analyses as (

    select * from {{ ref('int_analyses_dated') }} as analyses
    {% if is_incremental() -%}
    where {{ is_changed('analyses.account_id', 'analyses.as_of_date') }}
    {%- endif %}

),

policy_targets as (

    select * from {{ ref('policy_targets') }}

),

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
    left join expected
        on drift.as_of_date = expected.as_of_date
        and drift.portfolio_id = expected.portfolio_id
        and drift.asset_class = expected.asset_class
    where expected.asset_class is null

),

compared as (

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
