-- What is each account worth on the newest night held, what came in, and what did it earn, beside Bluum's own figure?
select as_of_date, account_id, currency, equity, sum(implied_flow) over in_currency as flows,
    count(*) filter (equity is not null and previous_on is not null and implied_flow is null)
        over in_currency as flows_unknown,
    chained_since, chained_return_percent, reported_return_percent, unknown_reason
from marts.account_book_daily
window in_currency as (partition by account_id, currency)
qualify as_of_date = (select max(as_of_date) from marts.account_book_daily)
order by account_id
