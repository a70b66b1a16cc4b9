{{ config(severity='warn') }}

-- Requests of the newest night without a good answer.
select *
from {{ ref('sync_coverage_daily') }}
where as_of_date = (select max(newest.as_of_date) from {{ ref('sync_coverage_daily') }} as newest)
    and expected <> ok + absent + disabled
