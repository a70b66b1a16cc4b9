-- What did all accounts together earn, and how many were outside policy, night by night since $since, by currency?
select
    firm.currency, date_diff('day', date '1970-01-01', firm.as_of_date) as day_number,
    -- Floats for places on an axis; what is read as a number comes from book_tonight.
    cast(firm.net_pnl as double) as net_pnl,
    cast(
        case
            when firm.accounts_listed > 0
                and (firm.accounts_inside + firm.accounts_outside > 0 or firm.accounts_unknown = 0)
                then firm.accounts_outside
        end as double
    ) as outside,
    coalesce(firm.accounts_with_net_pnl < firm.accounts_listed, false) as is_partial,
    coalesce(
        dates.sessions_until - lag(dates.sessions_until) over by_currency > 1, false
    ) as is_after_gap
from marts.firm_daily as firm
left join marts.dates on firm.as_of_date = dates.calendar_date
where
    ($since is null or firm.as_of_date >= $since)
    and firm.currency in (select currency from marts.firm_daily where accounts > 0)
window by_currency as (partition by firm.currency order by firm.as_of_date)
order by firm.currency, firm.as_of_date
