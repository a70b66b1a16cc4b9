-- Whether a portfolio needs rebalancing, 1 or 0: as the analysis says, and by its drift against the threshold of the policy.
-- depends_on: {{ ref('int_changes') }}

with

portfolios as (

    select * from {{ ref('portfolio_drift_daily') }} as portfolios
    {% if is_incremental() -%}
    where {{ is_changed('portfolios.account_id', 'portfolios.as_of_date') }}
    {%- endif %}

),

recomputed as (

    select
        as_of_date,
        portfolio_id,
        max(case when is_over_threshold then 1 else 0 end) as is_over_threshold
    from {{ ref('allocation_drift_daily') }} as drift
    where is_over_threshold is not null
        {% if is_incremental() -%}
        and {{ is_changed('drift.account_id', 'drift.as_of_date') }}
        {%- endif %}
    group by as_of_date, portfolio_id

),

compared as (

    select
        portfolios.as_of_date,
        portfolios.account_id,
        'needs_rebalancing' as check_name,
        portfolios.portfolio_id as entity,
        cast(case when portfolios.needs_rebalancing then 1 else 0 end as decimal(38, 9)) as reported,
        cast(recomputed.is_over_threshold as decimal(38, 9)) as recomputed,
        cast(0 as decimal(28, 9)) as tolerance
    from portfolios
    inner join recomputed
        on portfolios.as_of_date = recomputed.as_of_date
        and portfolios.portfolio_id = recomputed.portfolio_id
    where portfolios.needs_rebalancing is not null
        -- A class whose drift is not known may be the one beyond the threshold.
        and (recomputed.is_over_threshold = 1 or portfolios.max_abs_drift_percent is not null)

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
