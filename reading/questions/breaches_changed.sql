-- Which breaches, of drift and of other rules, opened, ended or were lost on the newest night (the first $most of each;
-- null: all)?
with
    tonight as (select max(as_of_date) as as_of_date from marts.sync_coverage_daily where endpoint = 'accounts'),

    -- A breach is lost on the first complete night of its account that does not have it.
    complete as (
        select
            nights.account_id, coalesce(bool_or(nights.as_of_date = tonight.as_of_date), false) as is_complete_tonight,
            max(nights.as_of_date) filter (where nights.as_of_date < tonight.as_of_date) as complete_before
        from marts.account_nights as nights
        cross join tonight
        where nights.is_complete
        group by nights.account_id
    ),

    drifted as (
        select
            episodes.portfolio_id, episodes.account_id, episodes.asset_class, episodes.breach_kind, null as subject,
            episodes.direction, episodes.started_on, episodes.nights_observed, episodes.peak_distance_percent,
            episodes.is_left_censored,
            case
                when episodes.started_on = tonight.as_of_date then 'opened'
                when episodes.ended_on = tonight.as_of_date then 'ended'
                when
                    episodes.outcome = 'lost' and complete.is_complete_tonight
                    and episodes.last_observed_on >= coalesce(complete.complete_before, episodes.last_observed_on)
                    then 'lost'
            end as change
        from marts.drift_episodes as episodes
        cross join tonight
        left join complete on episodes.account_id = complete.account_id
    ),

    -- Rules that are no drift have no episodes: what of their nights comes after the last one before this that was inside.
    judged as (
        select
            days.*,
            coalesce(greatest(days.value - days.upper_limit, days.lower_limit - days.value), 0) as distance,
            max(case when days.verdict = 'inside' and days.as_of_date < tonight.as_of_date then days.as_of_date end) over (
                partition by days.account_id, days.rule, days.portfolio_id, days.subject
            ) as inside_on,
            days.as_of_date = tonight.as_of_date as is_tonight
        from marts.compliance_daily as days
        cross join tonight
        where days.rule not in ('band', 'threshold', 'policy')
    ),

    broken as (
        select
            account_id, rule, portfolio_id, subject, max(verdict) filter (where is_tonight) as verdict_tonight,
            max(as_of_date) as last_observed_on, min(as_of_date) filter (where verdict = 'outside') as started_on,
            coalesce(bool_or(verdict = 'outside' and not is_tonight), false) as was_outside,
            count(*) filter (where verdict = 'outside') as nights_observed,
            max(distance) filter (where verdict = 'outside' and unit = 'percent') as peak_distance_percent,
            any_value(inside_on) is null as is_left_censored
        from judged
        where as_of_date > coalesce(inside_on, date '0001-01-01')
        group by account_id, rule, portfolio_id, subject
    ),

    ruled as (
        select
            broken.portfolio_id, broken.account_id, null as asset_class, broken.rule as breach_kind, broken.subject,
            null as direction, broken.started_on, broken.nights_observed, broken.peak_distance_percent,
            broken.is_left_censored,
            case
                when broken.verdict_tonight = 'outside' and not broken.was_outside then 'opened'
                when broken.verdict_tonight = 'inside' and broken.was_outside then 'ended'
                when
                    broken.verdict_tonight is null and broken.was_outside and complete.is_complete_tonight
                    and broken.last_observed_on >= coalesce(complete.complete_before, broken.last_observed_on)
                    then 'lost'
            end as change
        from broken
        left join complete on broken.account_id = complete.account_id
    ),

    changed as (
        select * from drifted where change is not null
        union all by name
        select * from ruled where change is not null
    )

select
    changed.change, changed.portfolio_id, changed.account_id, portfolios.name, accounts.account_number_last4,
    changed.asset_class, changed.breach_kind, changed.subject, changed.direction, changed.started_on,
    changed.nights_observed, changed.peak_distance_percent, changed.is_left_censored,
    count(*) over (partition by changed.change) as of_the_change
from changed
left join marts.portfolios on changed.portfolio_id = portfolios.portfolio_id
left join marts.accounts on changed.account_id = accounts.account_id
qualify
    $most is null or row_number() over (
        partition by changed.change order by changed.peak_distance_percent desc nulls last, changed.account_id,
            changed.portfolio_id, changed.asset_class, changed.breach_kind, changed.subject
    ) <= $most
order by changed.change desc, changed.peak_distance_percent desc nulls last, changed.account_id, changed.portfolio_id,
    changed.asset_class, changed.breach_kind, changed.subject
