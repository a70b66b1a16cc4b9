-- Which asset classes made an account's P&L, on the newest night and to date?
select
    account_id, asset_class, currency, is_reported, pnl, pnl_itd, pnl_percent_itd, days_covered,
    case when currency is null then 'no_currency' end as unknown_reason
from marts.pnl_by_asset_class_daily
where
    as_of_date = (select max(as_of_date) from marts.sync_coverage_daily where endpoint = 'accounts')
    and (
        cast($account_ids as varchar[]) is null
        or account_id in (select unnest(cast($account_ids as varchar[])))
    )
order by account_id, abs(pnl_itd) desc nulls last, asset_class
