-- What was an account worth night by night since $since?
select
    books.account_id, date_diff('day', date '1970-01-01', books.as_of_date) as day_number, books.currency,
    -- Floats for places on an axis; what is read as a number comes from worth_tonight.
    cast(books.equity as double) as equity,
    coalesce(
        dates.sessions_until - lag(dates.sessions_until) over by_account > 1, false
    ) as is_after_gap
from marts.account_book_daily as books
left join marts.dates on books.as_of_date = dates.calendar_date
where
    ($since is null or books.as_of_date >= $since)
    and (
        cast($account_ids as varchar[]) is null
        or books.account_id in (select unnest(cast($account_ids as varchar[])))
    )
window by_account as (partition by books.account_id order by books.as_of_date)
order by books.account_id, books.as_of_date
