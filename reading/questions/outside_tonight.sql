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
        where
            as_of_date = (select max(as_of_date) from marts.sync_coverage_daily where endpoint = 'accounts')
            and verdict = 'outside'
    ),

    -- All nights of the rules that are broken tonight; of a band its episodes tell more.
    judged as (
        select days.account_id, days.rule, days.portfolio_id, days.subject, days.as_of_date, days.verdict
        from marts.compliance_daily as days
        join tonight
            on days.account_id = tonight.account_id and days.rule = tonight.rule
            and days.portfolio_id is not distinct from tonight.portfolio_id
            and days.subject is not distinct from tonight.subject
        where days.rule != 'band'
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

    -- An account is outside for as long as it breaks any rule, one after the other too.
    stood as (
        select *, max(case when is_inside then as_of_date end) over (partition by account_id) as inside_on
        from (
            select
                account_id, as_of_date, bool_or(verdict = 'outside') as is_outside,
                not bool_or(verdict = 'outside') and bool_or(verdict = 'inside') as is_inside
            from marts.compliance_daily
            where account_id in (select account_id from tonight)
            group by account_id, as_of_date
        )
    ),

    gone_out as (
        select account_id, min(as_of_date) filter (where is_outside) as outside_on, min(as_of_date) as doubted_on
        from stood
        where as_of_date > coalesce(inside_on, date '0001-01-01')
        group by account_id
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
            tonight.policy_version, coalesce(broken.broken_on, episodes.started_on) as since,
            coalesce(broken.broken_on = held.first_on or broken.doubted_on < broken.broken_on, false)
            or coalesce(
                episodes.is_left_censored and episodes.started_on <= coalesce(broken.broken_on, episodes.started_on), false
            ) as is_maybe_older,
            episodes.started_on as episode_since, episodes.asset_class, episodes.nights_observed, episodes.peak_on,
            causes.change_points, causes.cause, causes.cause_points,
            case
                when causes.cause_points is not null then null
                when coalesce(episodes.is_left_censored, broken.broken_on = held.first_on) then 'no_eve'
                when tonight.rule in ('band', 'threshold') then 'not_told'
                else 'not_drift'
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
            found.account_id, count(*) as of_the_account,
            least(any_value(gone_out.outside_on), min(found.since)) as outside_since,
            any_value(gone_out.outside_on = held.first_on or gone_out.doubted_on < gone_out.outside_on)
            or bool_or(found.is_maybe_older and found.since <= gone_out.outside_on) as is_outside_maybe_longer,
            row_number() over (
                order by max(abs(found.distance)) filter (where found.unit = 'percent') desc nulls last, min(found.since),
                    found.account_id
            ) as account_place,
            count(*) over () as accounts
        from found
        left join gone_out on found.account_id = gone_out.account_id
        left join held on gone_out.account_id = held.account_id and gone_out.outside_on = held.as_of_date
        group by found.account_id
    )

select
    by_account.account_place, by_account.accounts, by_account.of_the_account, by_account.outside_since,
    by_account.is_outside_maybe_longer, earned.currency, earned.days_covered, earned.total_pnl, earned.total_pnl_mtd,
    earned.total_pnl_ytd, earned.total_pnl_itd, earned.net_pnl_itd, found.*,
    row_number() over (
        partition by found.account_id order by found.unit = 'percent' desc nulls last, abs(found.distance) desc nulls last,
            found.rule, found.portfolio_id, found.subject
    ) as place
from found
join by_account on found.account_id = by_account.account_id
left join marts.account_latest as earned on found.account_id = earned.account_id
where $most is null or by_account.account_place <= $most
qualify place <= 8
order by by_account.account_place, place
