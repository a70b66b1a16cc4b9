-- Which nights are there, and which trading days between them are missing?
with nights as (
    -- A day on which no roster was asked is no night: P&L alone was asked for afterwards.
    select as_of_date, bool_and(is_complete) as is_complete
    from marts.sync_coverage_daily group by as_of_date having bool_or(endpoint = 'accounts')
)

select calendar_date as as_of_date, nights.as_of_date is not null as is_there, is_complete
from marts.dates
left join nights on calendar_date = nights.as_of_date
where (is_session or nights.as_of_date is not null)
    and calendar_date between (select min(as_of_date) from nights) and (select max(as_of_date) from nights)
order by calendar_date
