{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'stg_bluum__new_fields'}}}) }}

-- Members of the newest night's answers that no raw table has a column for; their values are in the kept bodies.
select distinct
    endpoint,
    table_name,
    field
from {{ ref('stg_bluum__new_fields') }}
where as_of_date = (
    select max(newest.as_of_date) from {{ ref('sync_coverage_daily') }} as newest
    where newest.endpoint = 'accounts'
        and newest.as_of_date <= {{ days_after('current_date', 1) }}  -- one dated later came of a clock that was wrong
)
