{{ config(severity='error', meta={'dagster': {'ref': {'name': 'drift_causes_daily'}}}) }}

-- The causes of a change of drift, with the remainder, are the change to the last digit. Asked of what was built tonight.

select
    causes.as_of_date,
    causes.portfolio_id,
    causes.asset_class,
    causes.change_points
from {{ ref('drift_causes_daily') }} as causes
where {{ is_changed('causes.account_id', 'causes.as_of_date') }}
    and causes.change_points
    <> coalesce(causes.market_points, 0) + coalesce(causes.trades_points, 0) + coalesce(causes.flows_points, 0)
    + causes.policy_points + causes.remainder_points
