-- How does each class of a portfolio stand to its target and band on the newest night?
select
    portfolio_id, asset_class, actual_percent, target_percent, policy_target_percent, drift_percent, policy_drift_percent,
    min_percent, max_percent, band_distance_percent, is_outside_band, is_over_threshold, is_reported
from marts.allocation_drift_daily
where
    as_of_date = (select max(as_of_date) from marts.sync_coverage_daily where endpoint = 'accounts')
    and (
        cast($account_ids as varchar[]) is null
        or account_id in (select unnest(cast($account_ids as varchar[])))
    )
order by portfolio_id, actual_percent desc nulls last, asset_class
