{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'reconciliation_daily'}}}) }}

-- Figures of the newest night that do not agree with the others beyond the tolerance.
select *
from {{ ref('reconciliation_daily') }}
where as_of_date = (
    select max(newest.as_of_date) from {{ ref('sync_coverage_daily') }} as newest
    where newest.endpoint = 'accounts'
        and newest.as_of_date <= {{ days_after('current_date', 1) }}  -- one dated later came of a clock that was wrong
)
