-- Which trades does the newest night's analysis recommend for a portfolio (the largest twenty)?
select
    trades.portfolio_id, trades.trade_number, trades.action, trades.symbol, trades.asset_class, trades.quantity,
    trades.notional, trades.currency, trades.reason, count(*) over (partition by trades.portfolio_id) as trades
from marts.rebalancing_trades as trades
where
    trades.as_of_date = (select max(as_of_date) from marts.sync_coverage_daily where endpoint = 'accounts')
    and (
        cast($account_ids as varchar[]) is null
        or trades.account_id in (select unnest(cast($account_ids as varchar[])))
    )
qualify row_number() over (partition by trades.portfolio_id order by trades.notional desc nulls last, trade_number) <= 20
order by trades.portfolio_id, trades.notional desc nulls last, trades.trade_number
