-- Which accounts' P&L was restated by answers since $since (of $account_ids; null: of all), and over which days?
select
    restatements.account_id, accounts.account_number_last4, count(distinct restatements.as_of_date) as days,
    min(restatements.as_of_date) as first_on, max(restatements.as_of_date) as last_on, count(*) as figures,
    any_value(restatements.currency) as currency, count(*) over () as accounts
from marts.restatements
left join marts.accounts on restatements.account_id = accounts.account_id
where
    restatements.known_at >= $since
    and (
        cast($account_ids as varchar[]) is null
        or restatements.account_id in (select unnest(cast($account_ids as varchar[])))
    )
group by restatements.account_id, accounts.account_number_last4
order by days desc, restatements.account_id
limit $most
