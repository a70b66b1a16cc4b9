"""Every mart with its key, and the module that works it out from the ledger."""

from collections.abc import Callable

from oracle import (
    book,
    bridges,
    causes,
    compliance,
    drift,
    episodes,
    firm,
    holdings,
    names,
    pnl,
    policies,
    positions,
    reconciled,
    rosters,
    trades,
    wide,
)
from oracle.compare import Grain, Mart
from oracle.observed import Observed

EPISODE = ("portfolio_id", "asset_class", "breach_kind", "started_on")
MARTS: dict[Grain, Callable[[Observed], Mart]] = {
    Grain("accounts", ("account_id",)): rosters.accounts,
    Grain("portfolios", ("portfolio_id",)): rosters.portfolios,
    Grain("policy_versions", ("account_id", "ips_id", "version")): policies.policy_versions,
    Grain("policy_targets", ("account_id", "ips_id", "version", "asset_class")): policies.policy_targets,
    Grain("positions_daily", ("as_of_date", "account_id", "position_id")): positions.positions_daily,
    Grain("allocation_drift_daily", ("as_of_date", "portfolio_id", "asset_class")): drift.allocation_drift_daily,
    Grain("portfolio_drift_daily", ("as_of_date", "portfolio_id")): drift.portfolio_drift_daily,
    Grain("drift_episodes", EPISODE): episodes.drift_episodes,
    Grain("pnl_daily", ("as_of_date", "account_id")): pnl.pnl_daily,
    Grain("pnl_by_position_daily", ("as_of_date", "account_id", "symbol")): pnl.pnl_by_position_daily,
    Grain("pnl_by_asset_class_daily", ("as_of_date", "account_id", "asset_class")): pnl.pnl_by_asset_class_daily,
    Grain("pnl_periods", ("account_id", "period_kind", "period_start")): pnl.pnl_periods,
    Grain("pnl_bridge", ("account_id", "period_kind", "period_start", "line_number")): bridges.pnl_bridge,
    Grain("rebalancing_trades", ("as_of_date", "portfolio_id", "trade_number")): drift.rebalancing_trades,
    Grain("restatements", ("account_id", "as_of_date", "measure", "known_at")): pnl.restatements,
    Grain("reconciliation_daily", ("as_of_date", "account_id", "check_name", "entity")): reconciled.reconciliation_daily,
    Grain("sync_coverage_daily", ("as_of_date", "endpoint")): rosters.sync_coverage_daily,
    Grain("account_nights", ("as_of_date", "account_id")): rosters.account_nights,
    Grain("holdings_daily", ("as_of_date", "portfolio_id", "item_number")): holdings.holdings_daily,
    Grain("portfolio_values_daily", ("as_of_date", "portfolio_id")): holdings.portfolio_values_daily,
    Grain("drift_causes_daily", ("as_of_date", "portfolio_id", "asset_class")): causes.drift_causes_daily,
    Grain("drift_episode_causes", EPISODE): causes.drift_episode_causes,
    Grain("account_book_daily", ("as_of_date", "account_id")): book.account_book_daily,
    Grain("rebalancing_trade_outcomes", ("as_of_date", "portfolio_id", "trade_number")): trades.rebalancing_trade_outcomes,
    Grain("instruments", ("symbol", "valid_from")): names.instruments,
    Grain("asset_classes", ("asset_class",)): names.asset_classes,
    Grain("account_latest", ("account_id",)): wide.account_latest,
    Grain("portfolio_latest", ("portfolio_id",)): wide.portfolio_latest,
    Grain("drift_wide", ("as_of_date", "portfolio_id", "asset_class")): wide.drift_wide,
    Grain("compliance_daily", compliance.KEY): compliance.compliance_daily,
    Grain("compliance_periods", ("account_id", "period_kind", "period_start")): firm.compliance_periods,
    Grain("compliance_firm_periods", ("period_kind", "period_start")): firm.compliance_firm_periods,
    Grain("firm_daily", ("as_of_date", "currency")): firm.firm_daily,
    Grain("tax_daily", ("as_of_date", "portfolio_id")): firm.tax_daily,
}
