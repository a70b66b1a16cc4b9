-- Who is outside policy on the newest night, by which rule, by how much, and since when ($most of each rule; null: all)?
with
    tonight as (
        select
            account_id, rule, portfolio_id, subject, unit, value, lower_limit, upper_limit, policy_version,
            case
                when value > upper_limit then value - upper_limit when value < lower_limit then value - lower_limit
            end as distance
        from marts.compliance_daily
        where as_of_date = (select max(as_of_date) from marts.sync_coverage_daily) and verdict = 'outside'
    ),

    -- Rules that are no drift have no episodes: all nights of those that are broken tonight.
    judged as (
        select days.account_id, days.rule, days.portfolio_id, days.subject, days.as_of_date, days.verdict
        from marts.compliance_daily as days
        join tonight
            on days.account_id = tonight.account_id and days.rule = tonight.rule
            and days.portfolio_id is not distinct from tonight.portfolio_id
            and days.subject is not distinct from tonight.subject
        where days.rule not in ('band', 'threshold')
    ),

    kept as (
        select account_id, rule, portfolio_id, subject, max(as_of_date) filter (where verdict = 'inside') as kept_on
        from judged group by all
    ),

    -- A night between that could not be judged may have been one of the breach.
    broken as (
        select
            kept.account_id, kept.rule, kept.portfolio_id, kept.subject,
            min(judged.as_of_date) filter (where judged.verdict = 'outside') as broken_on,
            min(judged.as_of_date) as doubted_on
        from kept
        join judged
            on kept.account_id = judged.account_id and kept.rule = judged.rule
            and kept.portfolio_id is not distinct from judged.portfolio_id
            and kept.subject is not distinct from judged.subject
            and judged.as_of_date > coalesce(kept.kept_on, date '0001-01-01')
        group by all
    ),

    held as (select account_id, min(as_of_date) as first_on from marts.account_nights group by account_id),

    -- Of a threshold, which is one rule of a portfolio, the class that has been beyond it for longest.
    episodes as (
        select
            portfolio_id, breach_kind as rule, case when breach_kind = 'band' then asset_class end as subject,
            min(started_on) as started_on, arg_min(is_left_censored, started_on) as is_left_censored,
            arg_min(nights_observed, started_on) as nights_observed
        from marts.drift_episodes where outcome = 'open' group by all
    ),

    found as (
        select
            tonight.account_id, tonight.portfolio_id, portfolios.name, accounts.account_number_last4, tonight.rule,
            tonight.subject, tonight.unit, tonight.value, tonight.lower_limit, tonight.upper_limit, tonight.distance,
            tonight.policy_version, coalesce(episodes.started_on, broken.broken_on) as since,
            coalesce(episodes.is_left_censored, broken.broken_on = held.first_on or broken.doubted_on < broken.broken_on)
                as is_maybe_older,
            episodes.nights_observed,
            count(*) over (partition by tonight.rule) as of_the_rule,
            row_number() over (
                partition by tonight.rule order by abs(tonight.distance) desc nulls last, tonight.account_id,
                    tonight.portfolio_id, tonight.subject
            ) as place
        from tonight
        left join broken
            on tonight.account_id = broken.account_id and tonight.rule = broken.rule
            and tonight.portfolio_id is not distinct from broken.portfolio_id
            and tonight.subject is not distinct from broken.subject
        left join episodes
            on tonight.portfolio_id = episodes.portfolio_id and tonight.rule = episodes.rule
            and tonight.subject is not distinct from episodes.subject
        left join held on tonight.account_id = held.account_id
        left join marts.portfolios on tonight.portfolio_id = portfolios.portfolio_id
        left join marts.accounts on tonight.account_id = accounts.account_id
    )

select * from found where $most is null or place <= $most order by rule, place
