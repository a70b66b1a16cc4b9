-- Who is out of policy on the newest night that has an analysis, in which class, by how much?
select as_of_date, account_id, asset_class, actual_percent, min_percent, max_percent, band_distance_percent, policy_version
from marts.allocation_drift_daily
where is_outside_band and as_of_date = (select max(as_of_date) from marts.allocation_drift_daily)
order by abs(band_distance_percent) desc, account_id, asset_class limit 5
