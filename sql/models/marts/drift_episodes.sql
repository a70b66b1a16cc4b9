with

nights as (

    select * from {{ ref('int_breach_nights') }}

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

    select as_of_date
    from {{ ref('sync_coverage_daily') }}
    where endpoint = 'accounts' and {{ weekday_number('as_of_date') }} > 5

),

breaches as (

    select * from nights
    where direction is not null

),

ends as (

    select
        portfolio_id,
        asset_class,
        breach_kind,
        ended_started_on as started_on,
        as_of_date as ended_on
    from nights
    where ended_started_on is not null

),

runs as (

    select
        portfolio_id,
        asset_class,
        breach_kind,
        started_on,
        max(direction) as direction,
        max(as_of_date) as last_breach_on,
        count(*) as nights_observed,
        max(distance_percent) as peak_distance_percent,
        sum({{ computable('distance_percent') }}) as area_percent_days
    from breaches
    group by portfolio_id, asset_class, breach_kind, started_on

),

-- What was so on single nights of a run.
moments as (

    select
        runs.portfolio_id,
        runs.asset_class,
        runs.breach_kind,
        runs.started_on,
        max(case when breaches.as_of_date = runs.last_breach_on then breaches.account_id end) as account_id,
        min(case when breaches.distance_percent = runs.peak_distance_percent then breaches.as_of_date end) as peak_on,
        max(case when breaches.as_of_date = runs.started_on then breaches.policy_version end) as policy_version_at_start,
        max(case when breaches.as_of_date = runs.last_breach_on then breaches.policy_version end) as policy_version_at_end
    from runs
    inner join breaches
        on runs.portfolio_id = breaches.portfolio_id
        and runs.asset_class = breaches.asset_class
        and runs.breach_kind = breaches.breach_kind
        and runs.started_on = breaches.started_on
    group by runs.portfolio_id, runs.asset_class, runs.breach_kind, runs.started_on

),

episodes as (

    select
        runs.*,
        ends.ended_on,
        moments.account_id,
        coalesce(moments.peak_on, runs.started_on) as peak_on,
        moments.policy_version_at_start,
        moments.policy_version_at_end
    from runs
    inner join moments
        on runs.portfolio_id = moments.portfolio_id
        and runs.asset_class = moments.asset_class
        and runs.breach_kind = moments.breach_kind
        and runs.started_on = moments.started_on
    left join ends
        on runs.portfolio_id = ends.portfolio_id
        and runs.asset_class = ends.asset_class
        and runs.breach_kind = ends.breach_kind
        and runs.started_on = ends.started_on

),

counted as (

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
        counted.portfolio_id,
        counted.asset_class,
        counted.breach_kind,
        counted.started_on,
        counted.account_id,
        counted.direction,
        counted.last_breach_on,
        counted.ended_on,
        counted.nights_observed,
        cast(counted.nights_in_all - counted.nights_observed as bigint) as nights_missing,
        counted.peak_distance_percent,
        counted.peak_on,
        cast(counted.area_percent_days as decimal(38, 9)) as area_percent_days,
        counted.policy_version_at_start,
        counted.policy_version_at_end,
        counted.started_on = first_observed.first_observed_on as is_left_censored
    from counted
    inner join first_observed
        on counted.portfolio_id = first_observed.portfolio_id

)

select * from final
