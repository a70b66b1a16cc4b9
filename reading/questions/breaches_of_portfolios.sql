-- Which breaches has each portfolio had, how long and how far?
select episodes.started_on, episodes.portfolio_id,
    coalesce(portfolios.name, 'no name') || ' …' || right(episodes.portfolio_id, 4) as portfolio, episodes.account_id,
    asset_class, breach_kind, direction, last_breach_on, ended_on, outcome, last_observed_on, nights_observed,
    nights_missing, peak_distance_percent, peak_on, area_point_nights, is_left_censored
from marts.drift_episodes as episodes
left join marts.portfolios on episodes.portfolio_id = portfolios.portfolio_id
