-- Who is outside policy on the newest night, by which rules, since when, what moved it there, and what did they earn ($most
-- accounts, eight rules of each; null: all accounts)?
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

    held as (
        select
            account_id, as_of_date, min(as_of_date) over (partition by account_id) as first_on,
            lag(as_of_date) over (partition by account_id order by as_of_date) as previous_on
        from marts.account_nights
    ),

    -- Of a threshold, which is one rule of a portfolio, the class that has been beyond it for longest, and farthest.
    episodes as (
        select *, breach_kind as rule, case when breach_kind = 'band' then asset_class end as subject
        from marts.drift_episodes
        where outcome = 'open'
        qualify
            row_number() over (
                partition by portfolio_id, rule, subject order by started_on, peak_distance_percent desc, asset_class
            ) = 1
    ),

    -- What did most to bring a class from the night before its breach to the worst night of it.
    causes as (
        select *
        from (
            select
                portfolio_id, asset_class, breach_kind, started_on, change_points,
                unnest(['market', 'trades', 'flows', 'policy', 'remainder']) as cause,
                unnest([market_points, trades_points, flows_points, policy_points, remainder_points]) as cause_points
            from marts.drift_episode_causes
        )
        qualify
            row_number() over (
                partition by portfolio_id, asset_class, breach_kind, started_on
                order by cause_points * sign(change_points) desc nulls last, cause
            ) = 1
    ),

    found as (
        select
            tonight.account_id, tonight.portfolio_id, portfolios.name, accounts.account_number_last4, tonight.rule,
            tonight.subject, tonight.unit, tonight.value, tonight.lower_limit, tonight.upper_limit, tonight.distance,
            tonight.policy_version, coalesce(episodes.started_on, broken.broken_on) as since,
            coalesce(episodes.is_left_censored, broken.broken_on = held.first_on or broken.doubted_on < broken.broken_on)
                as is_maybe_older,
            episodes.asset_class, episodes.nights_observed, episodes.peak_on, causes.change_points, causes.cause,
            causes.cause_points,
            case
                when causes.cause_points is not null then null
                when coalesce(episodes.is_left_censored, broken.broken_on = held.first_on) then 'no_eve'
                when tonight.rule in ('band', 'threshold') then 'not_told'
            end as cause_unknown_reason,
            -- A rule that is broken since the first night of the policy that is in force.
            coalesce(
                latest.policy_effective_from <= broken.broken_on and latest.policy_effective_from > held.previous_on, false
            ) as came_with_policy
        from tonight
        left join broken
            on tonight.account_id = broken.account_id and tonight.rule = broken.rule
            and tonight.portfolio_id is not distinct from broken.portfolio_id
            and tonight.subject is not distinct from broken.subject
        left join episodes
            on tonight.portfolio_id = episodes.portfolio_id and tonight.rule = episodes.rule
            and tonight.subject is not distinct from episodes.subject
        left join causes
            on episodes.portfolio_id = causes.portfolio_id and episodes.asset_class = causes.asset_class
            and episodes.breach_kind = causes.breach_kind and episodes.started_on = causes.started_on
        left join held on broken.account_id = held.account_id and broken.broken_on = held.as_of_date
        left join marts.account_latest as latest on tonight.account_id = latest.account_id
        left join marts.portfolios on tonight.portfolio_id = portfolios.portfolio_id
        left join marts.accounts on tonight.account_id = accounts.account_id
    ),

    by_account as (
        select
            account_id, count(*) as of_the_account, min(since) as outside_since,
            bool_or(is_maybe_older and since <= first_on) as is_outside_maybe_longer,
            row_number() over (
                order by max(abs(distance)) filter (where rule = 'band') desc nulls last, min(since), account_id
            ) as account_place,
            count(*) over () as accounts
        from (select *, min(since) over (partition by account_id) as first_on from found)
        group by account_id
    )

select
    by_account.account_place, by_account.accounts, by_account.of_the_account, by_account.outside_since,
    by_account.is_outside_maybe_longer, earned.currency, earned.days_covered, earned.total_pnl, earned.total_pnl_mtd,
    earned.total_pnl_ytd, earned.total_pnl_itd, found.*,
    row_number() over (
        partition by found.account_id order by found.rule = 'band' desc, abs(found.distance) desc nulls last, found.rule,
            found.portfolio_id, found.subject
    ) as place
from found
join by_account on found.account_id = by_account.account_id
left join marts.account_latest as earned on found.account_id = earned.account_id
where $most is null or by_account.account_place <= $most
qualify place <= 8
order by by_account.account_place, place
