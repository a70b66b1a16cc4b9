{{ config(severity='warn') }}

-- Rows of the newest night that could not be read exactly.
select *
from {{ ref('sync_coverage_daily') }}
where as_of_date = (select max(newest.as_of_date) from {{ ref('sync_coverage_daily') }} as newest)
    and quarantined_rows > 0
