-- Which symbols made an account's P&L to date (the fifteen that moved it most)?
select
    account_id, symbol, currency, is_reported, realized_pnl + unrealized_pnl as pnl,
    realized_pnl_itd, unrealized_pnl_itd, dividend_income_itd,
    coalesce(realized_pnl_itd, 0) + coalesce(unrealized_pnl_itd, 0) as known_itd,
    count(*) over (partition by account_id) as symbols, case when currency is null then 'no_currency' end as unknown_reason
from marts.pnl_by_position_daily
where
    as_of_date = (select max(as_of_date) from marts.sync_coverage_daily where endpoint = 'accounts')
    and (
        cast($account_ids as varchar[]) is null
        or account_id in (select unnest(cast($account_ids as varchar[])))
    )
qualify row_number() over (partition by account_id order by abs(known_itd) desc, symbol) <= 15
order by account_id, abs(known_itd) desc, symbol
