-- Which accounts are not complete on the newest night, and what came of each question (the first $most; null: all)?
select
    nights.account_id, accounts.account_number_last4, nights.is_listed, nights.positions_outcome,
    nights.portfolios_outcome, nights.rebalancing_outcome, nights.holdings_outcome, nights.summary_outcome,
    nights.performance_outcome, nights.investment_policy_outcome, nights.pnl_outcome, count(*) over () as accounts
from marts.account_nights as nights
left join marts.accounts on nights.account_id = accounts.account_id
where
    nights.as_of_date = (select max(as_of_date) from marts.sync_coverage_daily where endpoint = 'accounts')
    and not nights.is_complete
order by nights.account_id
limit $most
