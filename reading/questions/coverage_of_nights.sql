-- How complete were the newest thirty nights, and which sessions of the market has nobody asked about?
with
    -- A day on which no roster was asked is no night: P&L alone was asked for afterwards.
    nights as (
        select
            as_of_date, sum(expected) as expected, sum(ok + absent + disabled) as answered,
            sum(failed + rejected) as failed, sum(expected - ok - absent - disabled - failed - rejected) as not_asked,
            sum(quarantined_rows) as quarantined, bool_and(is_complete) as is_complete
        from marts.sync_coverage_daily
        group by as_of_date
        having bool_or(endpoint = 'accounts')
    ),

    missed as (
        select calendar_date as as_of_date from marts.dates
        where
            is_session and calendar_date > (select min(as_of_date) from nights)
            and calendar_date < (select max(as_of_date) from nights)
            and calendar_date not in (select as_of_date from nights)
    )

select as_of_date, true as is_asked, expected, answered, failed, not_asked, quarantined, is_complete from nights
union all
select
    as_of_date, false as is_asked, null as expected, null as answered, null as failed, null as not_asked,
    null as quarantined, null as is_complete
from missed
order by as_of_date desc
limit 30
