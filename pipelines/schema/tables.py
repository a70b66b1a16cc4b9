"""The raw tables: every column the warehouse keeps of Bluum's answers, with its type and where it comes from.

    payload of an answer --(path of each column)--> row of raw.<table>

This is the one place that knows a field's name at Bluum and its type here; `rows.py` reads by it, `source.py` tells
dlt the types from it and staging selects from it. Column names are Bluum's own. How an answer is cut into payloads is said
in `endpoints.py`.

Every typed row also carries `response_id` (its answer in raw.responses) and `as_of_date` (the night it was asked).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from pipelines.schema.values import BOOLEAN, DATE, INTEGER, JSON, MONEY, PERCENT, QUANTITY, TEXT, TIMESTAMP, Kind


@dataclass(frozen=True)
class Column:
    """One column. `path` is the field's place in the payload, dotted; None means the reader gives the value."""

    name: str
    kind: Kind
    path: str | None
    required: bool = False

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The path, name by name; empty for a given value."""
        return tuple(self.path.split(".")) if self.path else ()


@dataclass(frozen=True)
class Table:
    """One raw table.

    `key` names the columns that may not repeat within one answer. `elsewhere` names payload members that other tables
    keep, or that are dropped on purpose: they are no news when they appear.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    elsewhere: frozenset[str] = frozenset()

    @cached_property
    def members(self) -> frozenset[str]:
        """Dotted names of the payload's members that are no news: the columns' paths and `elsewhere`."""
        return frozenset(column.path for column in self.columns if column.path) | self.elsewhere

    @cached_property
    def schema(self) -> pa.Schema:
        """The Arrow schema, response_id and as_of_date included."""
        return pa.schema([pa.field(column.name, column.kind.arrow) for column in (*_STAMP, *self.columns)])

    @property
    def hints(self) -> dict[str, dict[str, Any]]:
        """Column hints for dlt, so that every destination gets the same types: precision and scale, and zones."""
        return {
            column.name: {"name": column.name, "nullable": True, **column.kind.hint} for column in (*_STAMP, *self.columns)
        }


_STAMP = (Column("response_id", TEXT, None), Column("as_of_date", DATE, None))


def _given(name: str, kind: Kind = TEXT) -> Column:
    return Column(name, kind, None, required=True)


def _fields(kind: Kind, *names: str, under: str = "") -> Iterable[Column]:
    return (Column(name, kind, f"{under}.{name}" if under else name) for name in names)


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
        *_fields(TEXT, "object", "status", "crypto_status", "currency", "account_type", "management_type"),
        *_fields(TEXT, "tax_designation", "trading_type"),
        *_fields(MONEY, "balance", "last_equity", "buying_power", "cash_withdrawable"),
        *_fields(BOOLEAN, "tax_advantaged", "livemode"),
        *_fields(JSON, "trading_configurations"),
        *_fields(TIMESTAMP, "created_at"),
        *_fields(INTEGER, "created"),
        Column("opened_on", DATE, None),  # created_at or created as a day in the market's time zone
    ),
    key=("account_id",),
    elsewhere=frozenset({"enabled_assets", "portfolios"}),
)

ACCOUNT_ENABLED_ASSETS = Table(
    "account_enabled_assets",
    (_given("account_id"), _given("item_number", INTEGER), Column("enabled_asset", TEXT, "value", required=True)),
)

ACCOUNT_PORTFOLIOS = Table(
    "account_portfolios",
    (
        _given("account_id"),
        _given("item_number", INTEGER),
        Column("portfolio_id", TEXT, "id", required=True),
        *_fields(TEXT, "status"),
    ),
)

POSITIONS = Table(
    "positions",
    (
        _given("account_id"),
        Column("position_id", TEXT, "id", required=True),
        *_fields(TEXT, "object", "symbol", "asset_id", "class", "country", "currency"),
        *_fields(QUANTITY, "quantity", "average_cost_basis", "current_price"),
        *_fields(MONEY, "total_cost_basis", "market_value", "unrealized_pl"),
        *_fields(PERCENT, "unrealized_pl_percent"),
        *_fields(TEXT, "price_source", "price_confidence"),
        *_fields(TIMESTAMP, "price_timestamp", "last_transaction_at", "created_at", "updated_at"),
        *_fields(INTEGER, "created"),
        *_fields(BOOLEAN, "livemode"),
        *_fields(JSON, "metadata"),
    ),
    key=("position_id",),
    elsewhere=frozenset({"account_id", "investor_id"}),
)

PORTFOLIOS = Table(
    "portfolios",
    (
        _given("account_id"),
        Column("portfolio_id", TEXT, "portfolio_id", required=True),
        *_fields(TEXT, "name", "currency", "status"),
        *_fields(TIMESTAMP, "created_at", "updated_at"),
    ),
    key=("portfolio_id",),
    elsewhere=frozenset({"id"}),
)

REBALANCING = Table(
    "rebalancing",
    (
        _given("account_id"),
        _given("portfolio_id"),
        *_fields(TEXT, "currency", "rebalancing_reason"),
        *_fields(TIMESTAMP, "analysis_timestamp", "last_rebalanced_at"),
        *_fields(BOOLEAN, "needs_rebalancing"),
        *_fields(MONEY, "estimated_short_term_gains", "estimated_long_term_gains", under="tax_impact"),
        *_fields(MONEY, "harvestable_losses", under="tax_impact"),
        *_fields(BOOLEAN, "tax_loss_harvesting_available", under="tax_impact"),
    ),
    elsewhere=frozenset({"portfolio_id", "current_allocation", "recommended_trades"}),
)

REBALANCING_ALLOCATIONS = Table(
    "rebalancing_allocations",
    (
        _given("account_id"),
        _given("portfolio_id"),
        _given("asset_class"),
        *_fields(PERCENT, "target", "actual", "drift"),
    ),
    key=("asset_class",),
)

REBALANCING_TRADES = Table(
    "rebalancing_trades",
    (
        _given("account_id"),
        _given("portfolio_id"),
        _given("trade_number", INTEGER),
        *_fields(TEXT, "action", "symbol", "asset_class", "reason"),
        *_fields(QUANTITY, "quantity"),
        *_fields(MONEY, "notional"),
    ),
    key=("trade_number",),
)

PNL_REPORTS = Table(
    "pnl_reports",
    (
        _given("account_id"),
        _given("start_date", DATE),  # the window asked for
        _given("end_date", DATE),
        Column("reported_start_date", DATE, "period.start_date"),
        Column("reported_end_date", DATE, "period.end_date"),
        *_fields(MONEY, "total_pnl", "realized_pnl", "unrealized_pnl", under="summary"),
        *_fields(MONEY, "dividend_income", "interest_income", "fees_paid", under="summary"),
        *_fields(MONEY, "short_term_gains", "short_term_losses", under="realized_gains_losses"),
        *_fields(MONEY, "long_term_gains", "long_term_losses", under="realized_gains_losses"),
        *_fields(MONEY, "net_realized", under="realized_gains_losses"),
    ),
    elsewhere=frozenset({"account_id", "by_position", "by_asset_class"}),
)

PNL_BY_POSITION = Table(
    "pnl_by_position",
    (
        _given("account_id"),
        _given("start_date", DATE),
        _given("end_date", DATE),
        _given("item_number", INTEGER),
        Column("symbol", TEXT, "symbol", required=True),
        *_fields(MONEY, "realized_pnl", "unrealized_pnl", "dividend_income"),
    ),
)

PNL_BY_ASSET_CLASS = Table(
    "pnl_by_asset_class",
    (
        _given("account_id"),
        _given("start_date", DATE),
        _given("end_date", DATE),
        _given("item_number", INTEGER),
        Column("asset_class", TEXT, "asset_class", required=True),
        *_fields(MONEY, "pnl"),
        *_fields(PERCENT, "pnl_percent"),
    ),
)

POLICY_VERSIONS = Table(
    "policy_versions",
    (
        _given("account_id"),
        Column("ips_id", TEXT, "ips_id", required=True),
        Column("version", INTEGER, "version", required=True),
        *_fields(TEXT, "status"),
        *_fields(DATE, "effective_date"),
        *_fields(TIMESTAMP, "created_at", "updated_at"),
        *_fields(TEXT, "risk_tolerance", "volatility_tolerance", under="risk_profile"),
        *_fields(INTEGER, "risk_score", under="risk_profile"),
        Column("horizon_years", TEXT, "time_horizon.years"),  # clients have met texts such as "15-20 years"
        Column("horizon_category", TEXT, "time_horizon.category"),
        Column("primary_objective", TEXT, "investment_objectives.primary"),
        Column("target_annual_return", PERCENT, "investment_objectives.target_annual_return"),
        Column("rebalancing_frequency", TEXT, "constraints.rebalancing_policy.frequency"),
        *_fields(PERCENT, "threshold_percent", under="constraints.rebalancing_policy"),
        *_fields(BOOLEAN, "tax_aware", under="constraints.rebalancing_policy"),
        *_fields(PERCENT, "minimum_cash_percent", under="constraints.liquidity_requirements"),
        *_fields(INTEGER, "emergency_fund_months", under="constraints.liquidity_requirements"),
        *_fields(BOOLEAN, "tax_loss_harvesting", "prefer_tax_advantaged", under="constraints.tax_considerations"),
        *_fields(PERCENT, "tax_bracket", under="constraints.tax_considerations"),
        *_fields(BOOLEAN, "no_individual_stocks", "esg_screening", under="constraints.restrictions"),
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
        _given("account_id"),
        _given("ips_id"),
        _given("version", INTEGER),
        _given("asset_class"),
        *_fields(PERCENT, "target_percent", "min_percent", "max_percent"),
    ),
    key=("asset_class",),
    elsewhere=frozenset({"sub_allocations"}),
)

POLICY_SUB_ALLOCATIONS = Table(
    "policy_sub_allocations",
    (
        _given("account_id"),
        _given("ips_id"),
        _given("version", INTEGER),
        _given("asset_class"),
        _given("sub_allocation"),
        Column("target_percent", PERCENT, "value"),
    ),
    key=("asset_class", "sub_allocation"),
)

POLICY_TERMS = Table(
    "policy_terms",  # one row per item of secondary, excluded_sectors, excluded_securities and esg_criteria
    (
        _given("account_id"),
        _given("ips_id"),
        _given("version", INTEGER),
        _given("term"),
        _given("item_number", INTEGER),
        Column("value", TEXT, "value", required=True),
    ),
)

POLICY_HISTORY = Table(
    "policy_history",
    (
        _given("account_id"),
        _given("ips_id"),
        _given("current_version", INTEGER),  # the version of the policy that this history came with
        _given("item_number", INTEGER),
        Column("version", INTEGER, "version", required=True),
        *_fields(DATE, "effective_date"),
        *_fields(TIMESTAMP, "updated_at"),
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
