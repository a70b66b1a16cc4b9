-- Who is out of policy today, in which class, by how much?
select account_id, asset_class, actual_percent, min_percent, max_percent, band_distance_percent, policy_version
from marts.allocation_drift_daily
where is_outside_band and as_of_date = (select max(as_of_date) from marts.allocation_drift_daily)
order by abs(band_distance_percent) desc limit 5
