with

drift as (

    select
        drift.*,
        abs({{ difference('drift.actual_percent', 'drift.target_percent') }}) as abs_drift_percent
    from {{ ref('allocation_drift_daily') }} as drift

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
    from {{ ref('int_responses_ranked') }}
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

breaches as (

    select * from numbered
    where direction is not null

),

runs as (

    select
        portfolio_id,
        asset_class,
        breach_kind,
        run_number,
        max(direction) as direction,
        min(as_of_date) as started_on,
        max(as_of_date) as last_breach_on,
        -- Nothing was observed after an open one.
        case when count(*) = count(next_observed_on) then max(next_observed_on) end as ended_on,
        count(*) as nights_observed,
        max(distance_percent) as peak_distance_percent,
        sum({{ computable('distance_percent') }}) as area_percent_days
    from breaches
    group by portfolio_id, asset_class, breach_kind, run_number

),

-- What was so on single nights of a run.
moments as (

    select
        runs.portfolio_id,
        runs.asset_class,
        runs.breach_kind,
        runs.run_number,
        max(case when breaches.as_of_date = runs.last_breach_on then breaches.account_id end) as account_id,
        min(case when breaches.distance_percent = runs.peak_distance_percent then breaches.as_of_date end) as peak_on,
        max(case when breaches.as_of_date = runs.started_on then breaches.policy_version end) as policy_version_at_start,
        max(case when breaches.as_of_date = runs.last_breach_on then breaches.policy_version end) as policy_version_at_end
    from runs
    inner join breaches
        on runs.portfolio_id = breaches.portfolio_id
        and runs.asset_class = breaches.asset_class
        and runs.breach_kind = breaches.breach_kind
        and runs.run_number = breaches.run_number
    group by runs.portfolio_id, runs.asset_class, runs.breach_kind, runs.run_number

),

episodes as (

    select
        runs.*,
        moments.account_id,
        coalesce(moments.peak_on, runs.started_on) as peak_on,
        moments.policy_version_at_start,
        moments.policy_version_at_end
    from runs
    inner join moments
        on runs.portfolio_id = moments.portfolio_id
        and runs.asset_class = moments.asset_class
        and runs.breach_kind = moments.breach_kind
        and runs.run_number = moments.run_number

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
