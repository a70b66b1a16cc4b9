-- Which breaches has a portfolio had, how long and how far, and what brought each to its peak (the newest fifteen)?
select
    episodes.portfolio_id, episodes.asset_class, episodes.breach_kind, episodes.started_on, episodes.direction,
    episodes.last_breach_on, episodes.ended_on, episodes.outcome, episodes.last_observed_on, episodes.nights_observed,
    episodes.nights_missing, episodes.peak_distance_percent, episodes.peak_on, episodes.area_point_nights,
    episodes.policy_version_at_start, episodes.policy_version_at_end, episodes.is_left_censored, causes.eve_on,
    causes.change_points, causes.market_points, causes.trades_points, causes.flows_points, causes.policy_points,
    causes.remainder_points, causes.nights, causes.nights_explained,
    count(*) over (partition by episodes.portfolio_id) as breaches
from marts.drift_episodes as episodes
left join marts.drift_episode_causes as causes
    on episodes.portfolio_id = causes.portfolio_id and episodes.asset_class = causes.asset_class
    and episodes.breach_kind = causes.breach_kind and episodes.started_on = causes.started_on
where
    cast($account_ids as varchar[]) is null
    or episodes.account_id in (select unnest(cast($account_ids as varchar[])))
qualify
    row_number() over (
        partition by episodes.portfolio_id
        order by episodes.outcome = 'open' desc, episodes.last_breach_on desc, episodes.asset_class, episodes.breach_kind
    ) <= 15
order by
    episodes.portfolio_id, episodes.outcome = 'open' desc, episodes.last_breach_on desc, episodes.asset_class,
    episodes.breach_kind
