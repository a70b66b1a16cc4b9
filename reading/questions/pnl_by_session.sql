-- What had each account earned to date, session by session, those included of which there is no report?
with
    accounts as (
        select account_id, min(as_of_date) as first_on, max(as_of_date) as last_on, arg_max(currency, as_of_date) as currency
        from marts.pnl_daily
        group by account_id
    )

select
    dates.calendar_date as as_of_date, accounts.account_id, coalesce(pnl.currency, accounts.currency) as currency,
    pnl.total_pnl_itd
from marts.dates
join accounts on dates.calendar_date between accounts.first_on and accounts.last_on
left join marts.pnl_daily as pnl on dates.calendar_date = pnl.as_of_date and accounts.account_id = pnl.account_id
where dates.is_session or pnl.as_of_date is not null
