-- How far was each class of each portfolio from its target, session by session, those included that nobody asked about?
with
    classes as (
        select portfolio_id, portfolio_name, asset_class, min(as_of_date) as first_on, max(as_of_date) as last_on
        from marts.drift_wide
        group by all
    )

select
    dates.calendar_date as as_of_date, classes.portfolio_id,
    coalesce(classes.portfolio_name, 'no name') || ' …' || right(classes.portfolio_id, 4) as portfolio, classes.asset_class,
    drift.actual_percent, drift.target_percent, drift.drift_percent, drift.is_outside_band
from marts.dates
join classes on dates.calendar_date between classes.first_on and classes.last_on
left join marts.drift_wide as drift
    on dates.calendar_date = drift.as_of_date and classes.portfolio_id = drift.portfolio_id
    and classes.asset_class = drift.asset_class
where dates.is_session or drift.as_of_date is not null
