"""The raw tables: every column the warehouse keeps of Bluum's answers, with its type and where it comes from.

    payload of an answer --(path of each column)--> row of raw.<table>

This is the one place that knows a field's name at Bluum and its type here; `rows.py` reads by it, `source.py` tells
dlt the types from it and staging selects from it. Column names are Bluum's own. How an answer is cut into payloads is said
in `endpoints.py`.

Every typed row also carries `response_id` (its answer in raw.responses) and `as_of_date` (the night it was asked).
"""

from pipelines.schema.table import Column, Table, fields, given
from pipelines.schema.values import BOOLEAN, DATE, INTEGER, JSON, MONEY, PERCENT, QUANTITY, TEXT, TIMESTAMP

RESPONSES = Table(
    "responses",
    (
        Column("answer_id", TEXT, None),  # response_id of the answer's first page: the pages of one list stand together
        Column("page", INTEGER, None),
        Column("endpoint", TEXT, None),
        Column("account_id", TEXT, None),
        Column("portfolio_id", TEXT, None),
        Column("params", TEXT, None),
        Column("status", INTEGER, None),
        Column("outcome", TEXT, None),
        Column("row_count", INTEGER, None),
        Column("attempts", INTEGER, None),
        Column("rate_limited", INTEGER, None),  # how many of the attempts were answered 429
        Column("requested_at", TIMESTAMP, None),
        Column("received_at", TIMESTAMP, None),
        Column("request_id", TEXT, None),
        Column("error_code", TEXT, None),
        Column("error_message", TEXT, None),
        Column("surface", TEXT, None),
        Column("base_url", TEXT, None),
        Column("run_id", TEXT, None),
        Column("body", TEXT, None),
    ),
)

PLAN = Table(
    "plan",  # what an answer told us to ask: the expected side of coverage, and what a resumed night still has to do
    (
        Column("endpoint", TEXT, None),
        Column("account_id", TEXT, None),
        Column("portfolio_id", TEXT, None),
        Column("params", TEXT, None),
    ),
)

QUARANTINE = Table(
    "quarantine",
    (
        Column("endpoint", TEXT, None),
        Column("account_id", TEXT, None),
        Column("portfolio_id", TEXT, None),
        Column("table_name", TEXT, None),
        Column("field", TEXT, None),
        Column("value", TEXT, None),
        Column("reason", TEXT, None),
        Column("payload", TEXT, None),
    ),
)

NEW_FIELDS = Table(
    "new_fields",  # members of an answer that no table knows; their values stay in the body
    (Column("endpoint", TEXT, None), Column("table_name", TEXT, None), Column("field", TEXT, None)),
)

ACCOUNTS = Table(
    "accounts",
    (
        Column("account_id", TEXT, "id", required=True),
        Column("account_number_last4", TEXT, "account_number"),
        *fields(TEXT, "object", "status", "crypto_status", "currency", "account_type", "management_type"),
        *fields(TEXT, "tax_designation", "trading_type"),
        *fields(MONEY, "balance", "last_equity", "buying_power", "cash_withdrawable"),
        *fields(BOOLEAN, "tax_advantaged", "livemode"),
        *fields(JSON, "trading_configurations"),
        *fields(TIMESTAMP, "created_at"),
        *fields(INTEGER, "created"),
        Column("opened_on", DATE, None),  # created_at or created as a day in the market's time zone
    ),
    key=("account_id",),
    elsewhere=frozenset({"enabled_assets", "portfolios"}),
)

ACCOUNT_ENABLED_ASSETS = Table(
    "account_enabled_assets",
    (given("account_id"), given("item_number", INTEGER), Column("enabled_asset", TEXT, "value", required=True)),
)

ACCOUNT_PORTFOLIOS = Table(
    "account_portfolios",
    (
        given("account_id"),
        given("item_number", INTEGER),
        Column("portfolio_id", TEXT, "id", required=True),
        *fields(TEXT, "status"),
    ),
    elsewhere=frozenset({"portfolio_id"}),
)

POSITIONS = Table(
    "positions",
    (
        given("account_id"),
        Column("position_id", TEXT, "id", required=True),
        *fields(TEXT, "object", "symbol", "asset_id", "class", "country", "currency"),
        *fields(QUANTITY, "quantity", "average_cost_basis", "current_price"),
        *fields(MONEY, "total_cost_basis", "market_value", "unrealized_pl"),
        *fields(PERCENT, "unrealized_pl_percent"),
        *fields(TEXT, "price_source", "price_confidence"),
        *fields(TIMESTAMP, "price_timestamp", "last_transaction_at", "created_at", "updated_at"),
        *fields(INTEGER, "created"),
        *fields(BOOLEAN, "livemode"),
        *fields(JSON, "metadata"),
    ),
    key=("position_id",),
    elsewhere=frozenset({"account_id", "investor_id"}),
)

PORTFOLIOS = Table(
    "portfolios",
    (
        given("account_id"),
        Column("portfolio_id", TEXT, "portfolio_id", required=True),
        *fields(TEXT, "name", "currency", "status"),
        *fields(TIMESTAMP, "created_at", "updated_at"),
    ),
    key=("portfolio_id",),
    elsewhere=frozenset({"id"}),
)

REBALANCING = Table(
    "rebalancing",
    (
        given("account_id"),
        given("portfolio_id"),
        *fields(TEXT, "currency", "rebalancing_reason"),
        *fields(TIMESTAMP, "analysis_timestamp", "last_rebalanced_at"),
        *fields(BOOLEAN, "needs_rebalancing"),
        *fields(MONEY, "estimated_short_term_gains", "estimated_long_term_gains", under="tax_impact"),
        *fields(MONEY, "harvestable_losses", under="tax_impact"),
        *fields(BOOLEAN, "tax_loss_harvesting_available", under="tax_impact"),
    ),
    elsewhere=frozenset({"portfolio_id", "current_allocation", "recommended_trades"}),
)

REBALANCING_ALLOCATIONS = Table(
    "rebalancing_allocations",
    (
        given("account_id"),
        given("portfolio_id"),
        given("asset_class"),
        *fields(PERCENT, "target", "actual", "drift"),
    ),
    key=("asset_class",),
)

REBALANCING_TRADES = Table(
    "rebalancing_trades",
    (
        given("account_id"),
        given("portfolio_id"),
        given("trade_number", INTEGER),
        *fields(TEXT, "action", "symbol", "asset_class", "reason"),
        *fields(QUANTITY, "quantity"),
        *fields(MONEY, "notional"),
    ),
    key=("trade_number",),
)

PORTFOLIO_SUMMARIES = Table(
    "portfolio_summaries",
    (
        given("account_id"),
        given("portfolio_id"),
        *fields(TEXT, "name", "currency"),
        *fields(MONEY, "total_value", "cash_value", "positions_value", "unrealized_gain_loss", under="valuation"),
        *fields(PERCENT, "unrealized_gain_loss_percent", under="valuation"),
        Column("valued_at", TIMESTAMP, "valuation.as_of"),
        *fields(BOOLEAN, "needs_rebalancing", under="rebalancing_status"),
        *fields(TIMESTAMP, "last_rebalanced_at", under="rebalancing_status"),
        *fields(DATE, "next_scheduled", under="rebalancing_status"),
        *fields(PERCENT, "max_deviation_percent", under="rebalancing_status"),
        *fields(TEXT, "strategy_id", "strategy_version_id", under="strategy_application"),
        Column("strategy_status", TEXT, "strategy_application.status"),
        Column("strategy_applied_at", TIMESTAMP, "strategy_application.applied_at"),
        *fields(JSON, "linked_goals"),
        *fields(TIMESTAMP, "created_at", "updated_at"),
    ),
    elsewhere=frozenset({"portfolio_id", "account_id", "allocation"}),
)

PORTFOLIO_SUMMARY_SHARES = Table(
    "portfolio_summary_shares",  # one row per item of by_asset_class and by_sector, which may cover a part of the whole
    (
        given("account_id"),
        given("portfolio_id"),
        given("breakdown"),
        given("item_number", INTEGER),
        *fields(TEXT, "asset_class", "sector"),
        *fields(MONEY, "value"),
        *fields(PERCENT, "percent"),
    ),
)

PORTFOLIO_HOLDINGS = Table(
    "portfolio_holdings",  # the cash and the totals of a portfolio; what it holds is in `holdings`
    (
        given("account_id"),
        given("portfolio_id"),
        *fields(TEXT, "currency"),
        Column("valued_at", TIMESTAMP, "as_of"),
        Column("cash_balance", MONEY, "cash.balance"),
        Column("cash_available", MONEY, "cash.available"),
        Column("cash_reserved", MONEY, "cash.reserved"),
        *fields(MONEY, "total_value", "total_cost_basis", "total_unrealized_pl", under="totals"),
        *fields(PERCENT, "total_unrealized_pl_percent", under="totals"),
    ),
    elsewhere=frozenset({"portfolio_id", "holdings"}),
)

HOLDINGS = Table(
    "holdings",
    (
        given("account_id"),
        given("portfolio_id"),
        given("item_number", INTEGER),
        *fields(TEXT, "position_id", "asset_id"),
        Column("symbol", TEXT, "symbol", required=True),
        *fields(TEXT, "name", "currency", "asset_class", "sector"),
        *fields(QUANTITY, "quantity", "average_cost_basis", "current_price"),
        *fields(MONEY, "total_cost_basis", "market_value", "unrealized_pl"),
        *fields(PERCENT, "unrealized_pl_percent", "weight_percent"),
        *fields(TEXT, "price_source", "price_confidence"),
        *fields(TIMESTAMP, "price_timestamp"),
    ),
    key=("position_id",),
)

PERFORMANCE_REPORTS = Table(
    "performance_reports",
    (
        given("account_id"),
        given("portfolio_id"),
        given("start_date", DATE),  # the window asked for
        given("end_date", DATE),
        Column("reported_start_date", DATE, "period.start_date"),
        Column("reported_end_date", DATE, "period.end_date"),
        Column("label", TEXT, "period.label"),
        *fields(PERCENT, "time_weighted_return", "money_weighted_return", "annualized_return", under="returns"),
        *fields(MONEY, "total_return", under="returns"),  # money, whatever its neighbours are
        *fields(PERCENT, "volatility", "max_drawdown", under="risk_metrics"),
        *fields(QUANTITY, "sharpe_ratio", "beta", under="risk_metrics"),  # plain ratios
        *fields(DATE, "max_drawdown_date", under="risk_metrics"),
        *fields(MONEY, "starting_value", "ending_value", under="period_breakdown"),
        *fields(MONEY, "net_contributions", "net_withdrawals", "investment_gains", under="period_breakdown"),
        *fields(MONEY, "dividends_received", "fees_paid", under="period_breakdown"),
    ),
    elsewhere=frozenset({"portfolio_id", "benchmark_comparison", "value_history", "balance_history"}),
)

PERFORMANCE_VALUES = Table(
    "performance_values",  # the points of value_history, or of balance_history where that is what came
    (
        given("account_id"),
        given("portfolio_id"),
        given("start_date", DATE),
        given("end_date", DATE),
        given("item_number", INTEGER),
        Column("value_date", DATE, "date", required=True),
        *fields(MONEY, "value"),
    ),
)

PNL_REPORTS = Table(
    "pnl_reports",
    (
        given("account_id"),
        given("start_date", DATE),  # the window asked for
        given("end_date", DATE),
        Column("reported_start_date", DATE, "period.start_date"),
        Column("reported_end_date", DATE, "period.end_date"),
        *fields(MONEY, "total_pnl", "realized_pnl", "unrealized_pnl", under="summary"),
        *fields(MONEY, "dividend_income", "interest_income", "fees_paid", under="summary"),
        *fields(MONEY, "short_term_gains", "short_term_losses", under="realized_gains_losses"),
        *fields(MONEY, "long_term_gains", "long_term_losses", under="realized_gains_losses"),
        *fields(MONEY, "net_realized", under="realized_gains_losses"),
    ),
    elsewhere=frozenset({"account_id", "by_position", "by_asset_class"}),
)

PNL_BY_POSITION = Table(
    "pnl_by_position",
    (
        given("account_id"),
        given("start_date", DATE),
        given("end_date", DATE),
        given("item_number", INTEGER),
        Column("symbol", TEXT, "symbol", required=True),
        *fields(MONEY, "realized_pnl", "unrealized_pnl", "dividend_income"),
    ),
)

PNL_BY_ASSET_CLASS = Table(
    "pnl_by_asset_class",
    (
        given("account_id"),
        given("start_date", DATE),
        given("end_date", DATE),
        given("item_number", INTEGER),
        Column("asset_class", TEXT, "asset_class", required=True),
        *fields(MONEY, "pnl"),
        *fields(PERCENT, "pnl_percent"),
    ),
)

POLICY_VERSIONS = Table(
    "policy_versions",
    (
        given("account_id"),
        Column("ips_id", TEXT, "ips_id", required=True),
        Column("version", INTEGER, "version", required=True),
        *fields(TEXT, "status"),
        *fields(DATE, "effective_date"),
        *fields(TIMESTAMP, "created_at", "updated_at"),
        *fields(TEXT, "risk_tolerance", "volatility_tolerance", under="risk_profile"),
        *fields(INTEGER, "risk_score", under="risk_profile"),
        Column("horizon_years", TEXT, "time_horizon.years"),  # clients have met texts such as "15-20 years"
        Column("horizon_category", TEXT, "time_horizon.category"),
        Column("primary_objective", TEXT, "investment_objectives.primary"),
        Column("target_annual_return", PERCENT, "investment_objectives.target_annual_return"),
        Column("rebalancing_frequency", TEXT, "constraints.rebalancing_policy.frequency"),
        *fields(PERCENT, "threshold_percent", under="constraints.rebalancing_policy"),
        *fields(BOOLEAN, "tax_aware", under="constraints.rebalancing_policy"),
        *fields(PERCENT, "minimum_cash_percent", under="constraints.liquidity_requirements"),
        *fields(INTEGER, "emergency_fund_months", under="constraints.liquidity_requirements"),
        *fields(BOOLEAN, "tax_loss_harvesting", "prefer_tax_advantaged", under="constraints.tax_considerations"),
        *fields(PERCENT, "tax_bracket", under="constraints.tax_considerations"),
        *fields(BOOLEAN, "no_individual_stocks", "esg_screening", under="constraints.restrictions"),
    ),
    elsewhere=frozenset(
        {
            "account_id",
            "target_allocation",
            "version_history",
            "investment_objectives.secondary",
            "constraints.restrictions.excluded_sectors",
            "constraints.restrictions.excluded_securities",
            "constraints.restrictions.esg_criteria",
        }
    ),
)

POLICY_TARGETS = Table(
    "policy_targets",
    (
        given("account_id"),
        given("ips_id"),
        given("version", INTEGER),
        given("asset_class"),
        *fields(PERCENT, "target_percent", "min_percent", "max_percent"),
    ),
    key=("asset_class",),
    elsewhere=frozenset({"sub_allocations"}),
)

POLICY_SUB_ALLOCATIONS = Table(
    "policy_sub_allocations",
    (
        given("account_id"),
        given("ips_id"),
        given("version", INTEGER),
        given("asset_class"),
        given("sub_allocation"),
        Column("target_percent", PERCENT, "value"),
    ),
    key=("asset_class", "sub_allocation"),
)

POLICY_TERMS = Table(
    "policy_terms",  # one row per item of secondary, excluded_sectors, excluded_securities and esg_criteria
    (
        given("account_id"),
        given("ips_id"),
        given("version", INTEGER),
        given("term"),
        given("item_number", INTEGER),
        Column("value", TEXT, "value", required=True),
    ),
)

POLICY_HISTORY = Table(
    "policy_history",
    (
        given("account_id"),
        given("ips_id"),
        given("current_version", INTEGER),  # the version of the policy that this history came with
        given("item_number", INTEGER),
        Column("version", INTEGER, "version", required=True),
        *fields(DATE, "effective_date"),
        *fields(TIMESTAMP, "updated_at"),
    ),
    key=("version",),
)

TYPED_TABLES = (
    ACCOUNTS,
    ACCOUNT_ENABLED_ASSETS,
    ACCOUNT_PORTFOLIOS,
    POSITIONS,
    PORTFOLIOS,
    REBALANCING,
    REBALANCING_ALLOCATIONS,
    REBALANCING_TRADES,
    PORTFOLIO_SUMMARIES,
    PORTFOLIO_SUMMARY_SHARES,
    PORTFOLIO_HOLDINGS,
    HOLDINGS,
    PERFORMANCE_REPORTS,
    PERFORMANCE_VALUES,
    PNL_REPORTS,
    PNL_BY_POSITION,
    PNL_BY_ASSET_CLASS,
    POLICY_VERSIONS,
    POLICY_TARGETS,
    POLICY_SUB_ALLOCATIONS,
    POLICY_TERMS,
    POLICY_HISTORY,
)
TABLES = {table.name: table for table in (RESPONSES, PLAN, QUARANTINE, NEW_FIELDS, *TYPED_TABLES)}
