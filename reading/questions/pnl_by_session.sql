-- What had each account earned to date, session by session, those included of which there is no report?
with
    -- From an account's first report to the last night on which it was listed and open, whether reported on or not.
    accounts as (
        select
            pnl.account_id, min(pnl.as_of_date) as first_on,
            greatest(max(pnl.as_of_date), any_value(least(accounts.last_seen_on, accounts.closed_on - 1))) as last_on,
            arg_max(pnl.currency, pnl.as_of_date) as currency
        from marts.pnl_daily as pnl
        left join marts.accounts on pnl.account_id = accounts.account_id
        group by pnl.account_id
    )

select
    dates.calendar_date as as_of_date, accounts.account_id, coalesce(pnl.currency, accounts.currency) as currency,
    pnl.total_pnl_itd
from marts.dates
join accounts on dates.calendar_date between accounts.first_on and accounts.last_on
left join marts.pnl_daily as pnl on dates.calendar_date = pnl.as_of_date and accounts.account_id = pnl.account_id
where dates.is_session or pnl.as_of_date is not null
