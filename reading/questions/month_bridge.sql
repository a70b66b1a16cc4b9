-- What made the difference of an account's net P&L to date through the month of the newest night, line by line?
select account_id, line_number, line, item, currency, amount, unknown_reason, is_complete, period_start, period_end
from marts.pnl_bridge
where
    period_kind = 'month'
    and period_start = date_trunc('month', (select max(as_of_date) from marts.sync_coverage_daily))
    and (
        cast($account_ids as varchar[]) is null
        or account_id in (select unnest(cast($account_ids as varchar[])))
    )
order by account_id, line_number
