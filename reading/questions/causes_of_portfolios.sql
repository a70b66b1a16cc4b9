-- By how much did the drift of each class of each portfolio move, night by night, and what moved it?
select causes.as_of_date, causes.portfolio_id, coalesce(portfolios.name, 'no name') || ' …' || right(causes.portfolio_id, 4)
    as portfolio, causes.account_id, causes.asset_class, previous_on, previous_drift_percent, drift_percent, change_points,
    market_points, trades_points, flows_points, policy_points, remainder_points, unknown_reason
from marts.drift_causes_daily as causes
left join marts.portfolios on causes.portfolio_id = portfolios.portfolio_id
