-- What did all accounts together earn, by currency: on the newest night, in its month, quarter and year to date?
select
    currency, count(*) as accounts, sum(total_pnl) as day_pnl, count(total_pnl) as accounts_day,
    sum(total_pnl_mtd) as mtd_pnl, count(total_pnl_mtd) as accounts_mtd, sum(total_pnl_qtd) as qtd_pnl,
    count(total_pnl_qtd) as accounts_qtd, sum(total_pnl_ytd) as ytd_pnl, count(total_pnl_ytd) as accounts_ytd,
    sum(total_pnl_itd) as itd_pnl, count(total_pnl_itd) as accounts_itd
from marts.account_latest
where is_listed
group by currency
order by accounts desc, currency
