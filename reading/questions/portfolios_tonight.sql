-- Which portfolios are there, and how does each stand on the newest night (of $account_ids; null: of all)?
select
    latest.as_of_date, latest.portfolio_id, latest.name, latest.status, latest.currency, latest.account_id,
    latest.account_status, latest.account_currency, latest.last_seen_on,
    -- Where the list of portfolios was not answered, that it is not in it says nothing.
    latest.nights_since_seen > 0
    and coalesce(nights.portfolios_outcome not in ('failed', 'rejected', 'not_asked'), true) as is_gone,
    accounts.closed_on as account_closed_on, latest.is_analysed, latest.is_account_complete,
    latest.rebalancing_outcome, latest.ips_id, latest.policy_version, latest.policy_effective_from,
    latest.risk_tolerance, latest.threshold_percent, latest.max_abs_drift_percent, latest.one_way_turnover_percent,
    latest.turnover_into_bands_percent, latest.classes_outside_band, latest.off_policy_percent, latest.needs_rebalancing,
    latest.last_rebalanced_at, latest.open_band_breaches, latest.open_threshold_breaches, accounts.account_number_last4,
    portfolio_values.cash_balance, portfolio_values.total_value, portfolio_values.currency as value_currency,
    portfolio_values.next_rebalancing_on,
    coalesce(portfolio_values.unknown_reason, case when portfolio_values.portfolio_id is null then 'no_holdings' end)
        as value_unknown_reason,
    taxes.tax_cost, taxes.saved_by_waiting, taxes.harvestable_losses, taxes.currency as tax_currency,
    taxes.unknown_reason as tax_unknown_reason, coalesce(rules.broken, 0) as rules_broken,
    coalesce(rules.unknown, 0) as rules_unknown
from marts.portfolio_latest as latest
left join marts.accounts on latest.account_id = accounts.account_id
left join marts.account_nights as nights
    on latest.account_id = nights.account_id and latest.as_of_date = nights.as_of_date
left join marts.portfolio_values_daily as portfolio_values
    on latest.portfolio_id = portfolio_values.portfolio_id and latest.as_of_date = portfolio_values.as_of_date
left join marts.tax_daily as taxes
    on latest.portfolio_id = taxes.portfolio_id and latest.as_of_date = taxes.as_of_date
left join (
    select
        portfolio_id, count(*) filter (verdict = 'outside') as broken, count(*) filter (verdict = 'unknown') as unknown
    from marts.compliance_daily
    where
        as_of_date = (select max(as_of_date) from marts.sync_coverage_daily where endpoint = 'accounts')
        and portfolio_id is not null
    group by portfolio_id
) as rules on latest.portfolio_id = rules.portfolio_id
where
    cast($account_ids as varchar[]) is null
    or latest.account_id in (select unnest(cast($account_ids as varchar[])))
order by latest.account_id, latest.portfolio_id
