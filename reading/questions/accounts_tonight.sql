-- Which accounts are there, and how does each stand on the newest night (of $account_ids; null: of all)?
select
    latest.as_of_date, latest.account_id, latest.status, latest.account_type, latest.management_type, latest.currency,
    latest.opened_on, latest.closed_on, latest.last_seen_on, latest.is_listed, latest.is_complete,
    latest.positions_outcome, latest.portfolios_outcome, latest.rebalancing_outcome, latest.investment_policy_outcome,
    latest.pnl_outcome, latest.balance, latest.ips_id, latest.policy_version, latest.policy_effective_from,
    latest.risk_tolerance, latest.threshold_percent, latest.days_covered, latest.total_pnl, latest.net_pnl,
    latest.total_pnl_itd, latest.net_pnl_itd, latest.total_pnl_mtd, latest.total_pnl_qtd, latest.total_pnl_ytd,
    latest.drawdown_amount, latest.portfolios_analysed, latest.max_abs_drift_percent,
    latest.max_one_way_turnover_percent, latest.classes_outside_band, latest.open_band_breaches,
    latest.open_threshold_breaches, accounts.account_number_last4, accounts.first_seen_on, nights.holdings_outcome,
    nights.summary_outcome, nights.performance_outcome,
    case when latest.policy_version is null then 'no_policy' end as policy_unknown_reason,
    coalesce(rules.broken, 0) as rules_broken
from marts.account_latest as latest
join marts.accounts on latest.account_id = accounts.account_id
left join marts.account_nights as nights
    on latest.account_id = nights.account_id and latest.as_of_date = nights.as_of_date
left join (
    select account_id, count(*) filter (verdict = 'outside') as broken
    from marts.compliance_daily
    where as_of_date = (select max(as_of_date) from marts.sync_coverage_daily where endpoint = 'accounts')
    group by account_id
) as rules on latest.account_id = rules.account_id
where
    cast($account_ids as varchar[]) is null
    or latest.account_id in (select unnest(cast($account_ids as varchar[])))
order by latest.account_id
