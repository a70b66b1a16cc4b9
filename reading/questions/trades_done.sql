-- Were the recommended trades done, and after how many sessions?
select outcome, unknown_reason, count(*) as trades, min(sessions_until_done) as soonest,
    max(sessions_until_done) as latest
from marts.rebalancing_trade_outcomes group by all order by trades desc
