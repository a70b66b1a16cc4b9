-- Which night is published, how much of it is there, which one came before it, and with which do the newest $nights begin?
with
    -- A day on which no roster was asked is no night: P&L alone was asked for afterwards.
    nights as (
        select as_of_date, min(started_at) as started_at
        from marts.sync_coverage_daily
        group by as_of_date
        having bool_or(endpoint = 'accounts')
    ),

    published as (select max(as_of_date) as as_of_date from nights),

    listed as (
        select count(*) as accounts, count(*) filter (not is_complete) as incomplete
        from marts.account_nights
        where is_listed and as_of_date = (select as_of_date from published)
    )

select
    published.as_of_date, listed.accounts as accounts_listed, listed.incomplete as accounts_incomplete,
    (select max(as_of_date) from nights where as_of_date < published.as_of_date) as previous_on,
    (select started_at from nights where as_of_date = published.as_of_date) as started_at,
    (select min(as_of_date) from (select as_of_date from nights order by as_of_date desc limit $nights)) as since,
    (select count(*) from nights) as nights_held,
    (select min(as_of_date) from nights) as first_night,
    (select max(published_at) from marts.manifest) as published_at,
    (select max(program_version) from marts.manifest) as program_version
from published
cross join listed
where published.as_of_date is not null
