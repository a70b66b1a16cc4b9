{{ config(severity='error', meta={'dagster': {'ref': {'name': 'compliance_daily'}}}) }}

-- A verdict about a band, a threshold or a share beyond the policy is what the drift marts say of it, as known now and then.
-- Asked of what was built tonight.

with

drift as (

    select
        as_of_date,
        account_id,
        portfolio_id,
        asset_class,
        is_outside_band,
        is_outside_band_then,
        is_over_threshold,
        is_over_threshold_then
    from {{ ref('allocation_drift_daily') }} as drift
    where {{ is_changed('drift.account_id', 'drift.as_of_date') }}

),

evidence as (

    select *
    from {{ ref('compliance_daily') }} as compliance
    where rule in ('band', 'threshold', 'off_policy')
        and {{ is_changed('compliance.account_id', 'compliance.as_of_date') }}

),

flags as (

    {% for suffix in ['', '_then'] -%}
    select
        as_of_date,
        portfolio_id,
        'band{{ suffix }}' as flag,
        asset_class as subject,
        is_outside_band{{ suffix }} as is_outside
    from drift
    where is_outside_band{{ suffix }} is not null

    union all

    select
        as_of_date,
        portfolio_id,
        'threshold{{ suffix }}' as flag,
        '' as subject,
        max(case when is_over_threshold{{ suffix }} then 1 else 0 end) = 1 as is_outside
    from drift
    where is_over_threshold{{ suffix }} is not null
    group by as_of_date, portfolio_id

    union all

    {% endfor -%}
    select
        as_of_date,
        portfolio_id,
        'off_policy' as flag,
        '' as subject,
        off_policy_percent > 0 as is_outside
    from {{ ref('portfolio_drift_daily') }} as portfolios
    where off_policy_percent is not null
        and {{ is_changed('portfolios.account_id', 'portfolios.as_of_date') }}

),

verdicts as (

    {% for suffix in ['', '_then'] -%}
    select
        as_of_date,
        portfolio_id,
        concat(rule, '{{ suffix }}') as flag,
        coalesce(subject, '') as subject,
        verdict{{ suffix }} as said,
        unknown_reason{{ suffix }} as because
    from evidence
    {{ "union all" if not loop.last }}
    {% endfor %}

)

select
    flags.*,
    verdicts.said,
    verdicts.because
from flags
full outer join verdicts
    on flags.as_of_date = verdicts.as_of_date
    and flags.portfolio_id = verdicts.portfolio_id
    and flags.flag = verdicts.flag
    and flags.subject = verdicts.subject
where case
    when verdicts.flag is null then true
    -- A share beyond the policy of which a part is known can be outside; the drift marts say none.
    when flags.flag is null and verdicts.flag = 'off_policy' then verdicts.said = 'inside'
    when flags.flag is null then verdicts.said <> 'unknown' and verdicts.flag <> 'off_policy_then'
    when flags.is_outside then verdicts.said <> 'outside'
    else verdicts.said = 'outside' or (verdicts.said = 'unknown' and verdicts.because <> 'class_unknown')
end
