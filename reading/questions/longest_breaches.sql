-- What was the longest breach, and how bad did it get?
select portfolio_id, asset_class, direction, started_on, ended_on, nights_observed, nights_missing,
    peak_distance_percent, peak_on
from marts.drift_episodes where breach_kind = 'band'
order by nights_observed desc, started_on limit 3
