-- Which breaches opened, ended or were lost on the newest night (the first $most of each; null: all)?
with
    tonight as (select max(as_of_date) as as_of_date from marts.sync_coverage_daily),

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

    changed as (
        select
            episodes.*,
            case
                when episodes.started_on = tonight.as_of_date then 'opened'
                when episodes.ended_on = tonight.as_of_date then 'ended'
                when episodes.outcome = 'lost' then 'lost'
            end as change
        from marts.drift_episodes as episodes
        cross join tonight
        left join complete on episodes.account_id = complete.account_id
        where
            episodes.started_on = tonight.as_of_date or episodes.ended_on = tonight.as_of_date
            or episodes.outcome = 'lost' and complete.is_complete_tonight
            and episodes.last_observed_on >= coalesce(complete.complete_before, episodes.last_observed_on)
    )

select
    changed.change, changed.portfolio_id, changed.account_id, portfolios.name, accounts.account_number_last4,
    changed.asset_class, changed.breach_kind, changed.direction, changed.started_on, changed.nights_observed,
    changed.peak_distance_percent, changed.is_left_censored, count(*) over (partition by changed.change) as of_the_change
from changed
left join marts.portfolios on changed.portfolio_id = portfolios.portfolio_id
left join marts.accounts on changed.account_id = accounts.account_id
qualify
    $most is null or row_number() over (
        partition by changed.change order by changed.peak_distance_percent desc, changed.portfolio_id, changed.asset_class,
            changed.breach_kind
    ) <= $most
order by changed.change desc, changed.peak_distance_percent desc, changed.portfolio_id, changed.asset_class,
    changed.breach_kind
