-- What is each account worth today, what came in, and what did it earn, beside Bluum's own figure?
select account_id, currency, equity, flows, chained_since, chained_return_percent, reported_return_percent,
    unknown_reason
from marts.account_book_daily
join (select account_id, sum(implied_flow) as flows from marts.account_book_daily group by account_id)
    using (account_id)
where as_of_date = (select max(as_of_date) from marts.account_book_daily) order by account_id
