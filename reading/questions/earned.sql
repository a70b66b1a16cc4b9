-- What did all accounts together earn, by currency: on the newest night, in its month, quarter and year to date?
select
    currency,
    -- One that has closed may still have a report; one that is neither listed nor reported on is in no sum.
    count(*) filter (is_listed or total_pnl_itd is not null) as accounts,
    count(*) filter (not is_listed and total_pnl_itd is null) as accounts_gone,
    sum(total_pnl) as day_pnl, count(total_pnl) as accounts_day, sum(total_pnl_mtd) as mtd_pnl,
    count(total_pnl_mtd) as accounts_mtd, sum(total_pnl_qtd) as qtd_pnl, count(total_pnl_qtd) as accounts_qtd,
    sum(total_pnl_ytd) as ytd_pnl, count(total_pnl_ytd) as accounts_ytd, sum(total_pnl_itd) as itd_pnl,
    count(total_pnl_itd) as accounts_itd, sum(net_pnl_itd) as itd_net_pnl, count(net_pnl_itd) as accounts_itd_net,
    min(days_covered) filter (total_pnl is not null) as least_days,
    max(days_covered) filter (total_pnl is not null) as most_days
from marts.account_latest
group by currency
order by accounts desc, currency
