-- What became of the trades recommended to a portfolio since $since, by symbol and outcome?
select
    portfolio_id, symbol, action, outcome, unknown_reason, count(*) as recommendations, min(as_of_date) as first_on,
    max(as_of_date) as last_on, max(done_on) as done_on, min(sessions_until_done) as soonest_sessions
from marts.rebalancing_trade_outcomes
where
    ($since is null or as_of_date >= $since)
    and (
        cast($account_ids as varchar[]) is null
        or account_id in (select unnest(cast($account_ids as varchar[])))
    )
group by portfolio_id, symbol, action, outcome, unknown_reason
qualify row_number() over (partition by portfolio_id order by max(as_of_date) desc, count(*) desc, symbol, action) <= 20
order by portfolio_id, last_on desc, recommendations desc, symbol, action, outcome
