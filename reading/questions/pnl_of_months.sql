-- What did an account earn in each of the last twelve months?
select
    account_id, period_start, currency, total_pnl, realized_pnl, unrealized_pnl, dividend_income, interest_income, fees_paid,
    days_observed, is_complete, case when currency is null then 'no_currency' end as unknown_reason
from marts.pnl_periods
where
    period_kind = 'month'
    and (
        cast($account_ids as varchar[]) is null
        or account_id in (select unnest(cast($account_ids as varchar[])))
    )
qualify row_number() over (partition by account_id order by period_start desc) <= 12
order by account_id, period_start desc
