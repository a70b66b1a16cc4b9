-- Which asset classes earned it, between two nights?
select coalesce(currency, '(unknown)') as currency, asset_class, sum(pnl) as pnl, count(pnl) as figures_known,
    count(*) as figures, count(distinct account_id) as accounts
from marts.pnl_by_asset_class_daily
where ($currency is null or coalesce(currency, '(unknown)') = $currency)
    and ($account_id is null or account_id = $account_id)
    and ($asset_class is null or asset_class = $asset_class)
    and ($first is null or as_of_date > $first) and ($last is null or as_of_date <= $last)
group by all
order by currency, pnl desc nulls last, asset_class
