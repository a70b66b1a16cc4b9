{{ config(materialized='table') }}

-- How an account (and, with account_id null, the firm) kept to its policies over each month and over its whole history: its
-- nights, and its breaches. A breach is gone when it ended or, if it was lost, after its last night.

with

nights as (

    select
        as_of_date,
        account_id,
        has_policy,
        verdict
    from {{ ref('int_compliance_nights') }}

),

-- A night belongs to its month and to the whole, of its account and of the firm.
placed as (

    {% for scope in ['nights.account_id', 'cast(null as ' ~ dbt.type_string() ~ ')'] -%}
    select
        {{ scope }} as account_id,
        'month' as period_kind,
        {{ period_start("'month'", 'nights.as_of_date') }} as month_start,
        nights.as_of_date,
        nights.has_policy,
        nights.verdict
    from nights

    union all

    select
        {{ scope }} as account_id,
        'history' as period_kind,
        cast(null as date) as month_start,
        nights.as_of_date,
        nights.has_policy,
        nights.verdict
    from nights
    {{ "union all" if not loop.last }}
    {% endfor %}

),

periods as (

    select
        account_id,
        period_kind,
        coalesce(month_start, min(as_of_date)) as period_start,
        case
            when month_start is null then max(as_of_date)
            else {{ period_end('period_kind', 'month_start') }}
        end as period_end,
        count(*) as nights,
        count(case when has_policy and verdict = 'inside' then 1 end) as nights_inside,
        count(case when has_policy and verdict = 'outside' then 1 end) as nights_outside,
        count(case when has_policy and verdict = 'unknown' then 1 end) as nights_unknown,
        count(case when not has_policy then 1 end) as nights_without_policy
    from placed
    group by account_id, period_kind, month_start

),

days as (

    select
        calendar_date,
        sessions_until
    from {{ ref('dates') }}

),

episodes as (

    select
        episodes.account_id,
        episodes.started_on,
        episodes.outcome,
        case
            when episodes.outcome = 'ended' then episodes.ended_on
            when episodes.outcome = 'lost' then episodes.last_breach_on
        end as gone_on,
        coalesce(
            case
                when episodes.outcome = 'ended' then episodes.ended_on
                when episodes.outcome = 'lost' then episodes.last_breach_on
            end,
            cast('9999-12-31' as date)
        ) as stood_until,
        -- How long it took is known of one that was seen to begin and to end.
        case when not episodes.is_left_censored then last_days.sessions_until - first_days.sessions_until end
            as sessions_to_remedy
    from {{ ref('drift_episodes') }} as episodes
    inner join days as first_days
        on episodes.started_on = first_days.calendar_date
    left join days as last_days
        on episodes.ended_on = last_days.calendar_date

),

-- Of its account, and of the firm.
scoped as (

    {% for scope in ['episodes.account_id', "''"] -%}
    select
        {{ scope }} as scope,
        episodes.started_on,
        episodes.outcome,
        episodes.gone_on,
        episodes.stood_until,
        episodes.sessions_to_remedy
    from episodes
    {{ "union all" if not loop.last }}
    {% endfor %}

),

touched as (

    select
        periods.account_id,
        periods.period_kind,
        periods.period_start,
        episodes.sessions_to_remedy,
        episodes.started_on >= periods.period_start as is_opened,
        coalesce(episodes.outcome = 'ended' and episodes.gone_on <= periods.period_end, false) as is_closed,
        coalesce(episodes.outcome = 'lost' and episodes.gone_on <= periods.period_end, false) as is_lost,
        coalesce(episodes.outcome = 'ended' and episodes.gone_on <= periods.period_end, false)
        and episodes.sessions_to_remedy is not null as is_timed
    from periods
    inner join scoped as episodes
        on coalesce(periods.account_id, '') = episodes.scope
        and periods.period_end >= episodes.started_on
        and periods.period_start <= episodes.stood_until

),

ordered as (

    select
        *,
        row_number() over (
            partition by account_id, period_kind, period_start, is_timed
            order by sessions_to_remedy
        ) as place,
        count(*) over (partition by account_id, period_kind, period_start, is_timed) as places
    from touched

),

breaches as (

    select
        account_id,
        period_kind,
        period_start,
        count(case when is_opened then 1 end) as breaches_opened,
        count(case when is_closed then 1 end) as breaches_closed,
        count(case when is_lost then 1 end) as breaches_lost,
        count(case when not is_closed and not is_lost then 1 end) as breaches_open,
        count(case when is_timed then 1 end) as breaches_timed,
        count(case when not is_timed then 1 end) as breaches_censored,
        -- The one in the middle, or the two beside it.
        sum(case when is_timed and 2 * place between places and places + 2 then sessions_to_remedy end) as middle_sessions,
        count(case when is_timed and 2 * place between places and places + 2 then 1 end) as middle_breaches,
        max(case when is_timed then sessions_to_remedy end) as longest_sessions_to_remedy
    from ordered
    group by account_id, period_kind, period_start

),

final as (

    select
        periods.account_id,
        periods.period_kind,
        periods.period_start,
        periods.period_end,
        periods.nights,
        periods.nights_inside + periods.nights_outside as nights_judged,
        periods.nights_inside,
        periods.nights_outside,
        periods.nights_unknown,
        periods.nights_without_policy,
        {{ ratio('periods.nights_inside', 'periods.nights_inside + periods.nights_outside', times=100) }}
            as adherence_percent,
        {% for count in ['opened', 'closed', 'lost', 'open', 'timed', 'censored'] -%}
        coalesce(breaches.breaches_{{ count }}, 0) as breaches_{{ count }},
        {% endfor -%}
        {{ ratio('breaches.middle_sessions', 'breaches.middle_breaches') }} as median_sessions_to_remedy,
        breaches.longest_sessions_to_remedy
    from periods
    left join breaches
        on (periods.account_id is not distinct from breaches.account_id)
        and periods.period_kind = breaches.period_kind
        and periods.period_start = breaches.period_start

)

select * from final
