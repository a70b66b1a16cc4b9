-- What is an account worth on the newest night, what came in or went out, and what did it earn beside Bluum's own figure?
select
    account_id, currency, source, cash, positions_value, equity, previous_on, net_pnl, implied_flow, reported_flow,
    flow_difference, estimated_return_percent, chained_since, sessions_missing, chained_return_percent,
    reported_return_percent, return_difference_percent, unknown_reason
from marts.account_book_daily
where
    as_of_date = (select max(as_of_date) from marts.sync_coverage_daily where endpoint = 'accounts')
    and (
        cast($account_ids as varchar[]) is null
        or account_id in (select unnest(cast($account_ids as varchar[])))
    )
order by account_id
