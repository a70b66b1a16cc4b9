-- Why did breaches come about: the market, trades, money that came or went, another policy?
select portfolio_id, asset_class, started_on, peak_on, change_points, market_percent_of_change as market,
    trades_percent_of_change as trades, flows_percent_of_change as flows, policy_percent_of_change as policy,
    remainder_percent_of_change as remainder
from marts.drift_episode_causes where breach_kind = 'band'
order by abs(change_points) desc nulls last limit 6
