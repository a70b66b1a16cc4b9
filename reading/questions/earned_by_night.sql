-- What did an account earn night by night since $since, to date, and how far below its high was it?
with
    nights as (
        select * from marts.pnl_daily
        where
            ($since is null or as_of_date >= $since)
            and (
                cast($account_ids as varchar[]) is null
                or account_id in (select unnest(cast($account_ids as varchar[])))
            )
    )

select
    nights.account_id, date_diff('day', date '1970-01-01', nights.as_of_date) as day_number, nights.currency,
    -- Floats for places on an axis; what is read as a number comes from accounts_tonight.
    cast(nights.total_pnl as double) as day_pnl, cast(nights.total_pnl_itd as double) as to_date,
    cast(nights.drawdown_amount as double) as drawdown,
    coalesce(
        dates.sessions_until - lag(dates.sessions_until) over by_account > 1, false
    ) as is_after_gap
from nights
left join marts.dates on nights.as_of_date = dates.calendar_date
window by_account as (partition by nights.account_id order by nights.as_of_date)
order by nights.account_id, nights.as_of_date
