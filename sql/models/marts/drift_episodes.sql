{{
    config(
        materialized='incremental',
        incremental_strategy='scoped',
        meta={
            'replaces': "target.portfolio_id = scope.portfolio_id and target.started_on >= scope.from_date"
                ~ " and (scope.asset_class is null or target.asset_class = scope.asset_class)"
                ~ " and (scope.breach_kind is null or target.breach_kind = scope.breach_kind)"
        },
        pre_hook="{{ open_scope(reopened_portfolios()) }}",
        post_hook="{{ caught_up(['int_analyses_dated', 'allocation_drift_daily']) }}",
    )
}}

with

drift as (

    select
        drift.*,
        abs({{ difference('drift.actual_percent', 'drift.target_percent') }}) as abs_drift_percent
    from {{ ref('allocation_drift_daily') }} as drift
    {% if is_incremental() -%}
    where exists (
        select 1 from {{ scope() }} as scope
        where drift.portfolio_id = scope.portfolio_id and drift.as_of_date >= scope.from_date
    )
    {%- endif %}

),

first_observed as (

    select
        portfolio_id,
        min(as_of_date) as first_observed_on
    from {{ ref('int_analyses_dated') }}
    where outcome = 'ok'
    group by portfolio_id

),

-- A night is a weekday, or any day on which a sync ran.
weekend_nights as (

    select distinct as_of_date
    from {{ ref('int_responses_judged') }}
    where endpoint = 'accounts' and {{ weekday_number('as_of_date') }} > 5

),

-- direction is null inside; a night on which the breach cannot be told is left out, as if it had not been observed.
observed as (

    select
        as_of_date,
        portfolio_id,
        asset_class,
        account_id,
        policy_version,
        'band' as breach_kind,
        case when band_distance_percent > 0 then 'over' when band_distance_percent < 0 then 'under' end as direction,
        cast(abs(band_distance_percent) as decimal(38, 9)) as distance_percent
    from drift
    where is_outside_band is not null

    union all

    select
        as_of_date,
        portfolio_id,
        asset_class,
        account_id,
        policy_version,
        'threshold' as breach_kind,
        case
            when is_over_threshold and actual_percent < target_percent then 'under'
            when is_over_threshold then 'over'
        end as direction,
        {{ difference('abs_drift_percent', 'threshold_percent') }} as distance_percent
    from drift
    where is_over_threshold is not null

),

followed as (

    select
        *,
        lag(direction) over (
            partition by portfolio_id, asset_class, breach_kind
            order by as_of_date
        ) as previous_direction,
        lead(as_of_date) over (
            partition by portfolio_id, asset_class, breach_kind
            order by as_of_date
        ) as next_observed_on
    from observed
    {% if is_incremental() -%}
    where exists (
        select 1 from {{ scope() }} as scope
        where observed.portfolio_id = scope.portfolio_id
            and observed.as_of_date >= scope.from_date
            and (scope.asset_class is null or observed.asset_class = scope.asset_class)
            and (scope.breach_kind is null or observed.breach_kind = scope.breach_kind)
    )
    {%- endif %}

),

-- Nights in one direction get one number; nights inside get numbers of their own.
numbered as (

    select
        *,
        sum(case when direction is distinct from previous_direction then 1 else 0 end) over (
            partition by portfolio_id, asset_class, breach_kind
            order by as_of_date
            rows between unbounded preceding and current row
        ) as run_number
    from followed

),

ranked as (

    select
        *,
        row_number() over (
            partition by portfolio_id, asset_class, breach_kind, run_number
            order by distance_percent desc nulls last, as_of_date
        ) as distance_rank,
        row_number() over (
            partition by portfolio_id, asset_class, breach_kind, run_number
            order by as_of_date
        ) as first_rank,
        row_number() over (
            partition by portfolio_id, asset_class, breach_kind, run_number
            order by as_of_date desc
        ) as last_rank
    from numbered
    where direction is not null

),

episodes as (

    select
        portfolio_id,
        asset_class,
        breach_kind,
        direction,
        min(as_of_date) as started_on,
        max(as_of_date) as last_breach_on,
        max(case when last_rank = 1 then next_observed_on end) as ended_on,
        max(case when last_rank = 1 then account_id end) as account_id,
        count(*) as nights_observed,
        max(distance_percent) as peak_distance_percent,
        max(case when distance_rank = 1 then as_of_date end) as peak_on,
        sum({{ computable('distance_percent') }}) as area_percent_days,
        max(case when first_rank = 1 then policy_version end) as policy_version_at_start,
        max(case when last_rank = 1 then policy_version end) as policy_version_at_end
    from ranked
    group by portfolio_id, asset_class, breach_kind, direction, run_number

),

nights as (

    select
        episodes.*,
        {{ weekdays_between('episodes.started_on', 'episodes.last_breach_on') }} + (
            select count(*) from weekend_nights
            where weekend_nights.as_of_date between episodes.started_on and episodes.last_breach_on
        ) as nights_in_all
    from episodes

),

final as (

    select
        nights.portfolio_id,
        nights.asset_class,
        nights.breach_kind,
        nights.started_on,
        nights.account_id,
        nights.direction,
        nights.last_breach_on,
        nights.ended_on,
        nights.nights_observed,
        cast(nights.nights_in_all - nights.nights_observed as bigint) as nights_missing,
        nights.peak_distance_percent,
        nights.peak_on,
        cast(nights.area_percent_days as decimal(38, 9)) as area_percent_days,
        nights.policy_version_at_start,
        nights.policy_version_at_end,
        nights.started_on = first_observed.first_observed_on as is_left_censored
    from nights
    inner join first_observed
        on nights.portfolio_id = first_observed.portfolio_id

)

select * from final
