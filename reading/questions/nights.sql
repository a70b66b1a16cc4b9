-- Which nights are there, and which trading days between them are missing?
select calendar_date as as_of_date, nights.as_of_date is not null as is_there, is_complete
from marts.dates
left join (
    select as_of_date, bool_and(is_complete) as is_complete from marts.sync_coverage_daily group by as_of_date
) as nights on calendar_date = nights.as_of_date
where (is_session or nights.as_of_date is not null)
    and calendar_date between (select min(as_of_date) from marts.sync_coverage_daily)
    and (select max(as_of_date) from marts.sync_coverage_daily)
order by calendar_date
