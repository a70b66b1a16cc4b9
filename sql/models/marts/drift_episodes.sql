with

nights as (

    select * from {{ ref('int_breach_nights') }}

),

calendar as (

    select * from {{ ref('dates') }}

),

-- The nights on which a class was there, and on which a breach of it could be told.
told as (

    {# A class that an analysis leaves out has no threshold to be judged by. #}
    {%- set kinds = [('band', 'is_outside_band', 'true'), ('threshold', 'is_over_threshold', 'is_reported is not false')] -%}
    {% for kind, verdict, seen in kinds -%}
    select
        portfolio_id,
        asset_class,
        '{{ kind }}' as breach_kind,
        min(case when {{ verdict }} is not null then as_of_date end) as first_told_on,
        max(case when {{ verdict }} is not null then as_of_date end) as last_told_on,
        max(case when {{ seen }} then as_of_date end) as last_seen_on
    from {{ ref('allocation_drift_daily') }}
    group by portfolio_id, asset_class
    {{ "union all" if not loop.last }}
    {% endfor %}

),

-- The last night on which all was had of an account.
complete as (

    select
        account_id,
        max(as_of_date) as last_complete_on
    from {{ ref('account_nights') }}
    where is_complete
    group by account_id

),

-- Days beside the sessions of the market on which a sync ran.
other_nights as (

    select distinct nights.as_of_date
    from {{ ref('account_nights') }} as nights
    inner join calendar
        on nights.as_of_date = calendar.calendar_date
    where not calendar.is_session

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
        -- A weekend's night says the same as the Friday's.
        coalesce(sum(case when calendar.is_session then {{ computable('distance_percent') }} end), 0) as area_point_nights
    from breaches
    inner join calendar
        on breaches.as_of_date = calendar.calendar_date
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
        last_days.sessions_until - first_days.sessions_until + case when first_days.is_session then 1 else 0 end + (
            select count(*) from other_nights
            where other_nights.as_of_date between episodes.started_on and episodes.last_breach_on
        ) as nights_in_all
    from episodes
    inner join calendar as first_days
        on episodes.started_on = first_days.calendar_date
    inner join calendar as last_days
        on episodes.last_breach_on = last_days.calendar_date

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
        -- Lost: a later night had all of the account, and this was not in it.
        case
            when counted.ended_on is not null then 'ended'
            when complete.last_complete_on > told.last_seen_on then 'lost'
            else 'open'
        end as outcome,
        coalesce(counted.ended_on, told.last_told_on) as last_observed_on,
        counted.nights_observed,
        cast(counted.nights_in_all - counted.nights_observed as bigint) as nights_missing,
        counted.peak_distance_percent,
        counted.peak_on,
        cast(counted.area_point_nights as decimal(38, 9)) as area_point_nights,
        counted.policy_version_at_start,
        counted.policy_version_at_end,
        counted.started_on = told.first_told_on as is_left_censored
    from counted
    inner join told
        on counted.portfolio_id = told.portfolio_id
        and counted.asset_class = told.asset_class
        and counted.breach_kind = told.breach_kind
    left join complete
        on counted.account_id = complete.account_id

)

select * from final
