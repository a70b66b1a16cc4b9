-- What did each account earn between two nights, and what was it made of (of each currency, the $most lowest; null: all)?
select account_id, account_number_last4, coalesce(pnl.currency, '(unknown)') as currency, sum(net_pnl) as net_pnl,
    -- parts count where the whole is known
    sum(realized_pnl) filter (net_pnl is not null) as realized_pnl,
    sum(unrealized_pnl) filter (net_pnl is not null) as unrealized_pnl,
    sum(dividend_income) filter (net_pnl is not null) as dividend_income,
    sum(interest_income) filter (net_pnl is not null) as interest_income,
    -sum(fees_paid) filter (net_pnl is not null) as fees_paid, count(net_pnl) as nights_known,
    count(*) as nights, count(*) over () as found
from marts.pnl_daily as pnl
left join marts.accounts using (account_id)
where ($currency is null or coalesce(pnl.currency, '(unknown)') = $currency)
    and ($account_id is null or account_id = $account_id)
    and ($first is null or as_of_date > $first) and ($last is null or as_of_date <= $last)
group by account_id, account_number_last4, coalesce(pnl.currency, '(unknown)')
qualify
    $most is null or row_number() over (
        partition by coalesce(pnl.currency, '(unknown)') order by sum(pnl.net_pnl) nulls last, account_id
    ) <= $most
order by currency, net_pnl nulls last, account_id
