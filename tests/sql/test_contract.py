"""The marts have the columns, types, digits and descriptions that readers were promised."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from sql_warehouse import SQL, raw_columns, rows

from pipelines.tables import TABLES

RATIOS = {
    ("positions_daily", "weight_percent"),
    ("allocation_drift_daily", "relative_drift_percent"),
    ("portfolio_drift_daily", "l2_drift_percent"),
}
QUANTITIES = {"quantity", "average_cost_basis", "current_price"}
COUNTS = {
    "absent", "classes_outside_band", "days_covered", "days_observed", "disabled", "expected", "failed", "horizon_years",
    "nights_missing", "nights_observed", "ok", "policy_version", "policy_version_at_end", "policy_version_at_start",
    "quarantined_rows", "rate_limited", "rejected", "requests", "retries", "risk_score", "trade_number", "version",
}  # fmt: skip
FLAGS = {"has_report", "needs_rebalancing", "tax_aware", "tax_loss_harvesting_available"}
DATES = {"as_of_date", "effective_date", "effective_from", "effective_to", "period_end", "period_start", "start_date"}
TIMES = {"known_from", "known_to", "price_timestamp"}
TEXTS = {
    "account_number_last4", "account_type", "action", "asset_class", "breach_kind", "check_name", "currency", "direction",
    "endpoint", "entity", "horizon_category", "management_type", "measure", "name", "period_kind", "price_confidence",
    "price_source", "primary_objective", "reason", "rebalancing_frequency", "rebalancing_reason", "risk_tolerance",
    "source", "status", "symbol",
}  # fmt: skip
COLUMNS = {
    "accounts": "account_id account_number_last4 status account_type management_type currency opened_on first_seen_on"
    " last_seen_on",
    "portfolios": "portfolio_id account_id name currency status first_seen_on last_seen_on",
    "policy_versions": "account_id ips_id version status effective_from effective_to risk_tolerance risk_score"
    " horizon_years horizon_category primary_objective rebalancing_frequency threshold_percent minimum_cash_percent"
    " tax_aware first_seen_at",
    "policy_targets": "account_id ips_id version asset_class target_percent min_percent max_percent effective_from"
    " effective_to",
    "positions_daily": "as_of_date account_id position_id symbol currency quantity average_cost_basis total_cost_basis"
    " current_price market_value unrealized_pl unrealized_pl_percent weight_percent price_source price_confidence"
    " price_timestamp response_id",
    "allocation_drift_daily": "as_of_date portfolio_id asset_class account_id target_percent actual_percent drift_percent"
    " relative_drift_percent policy_version policy_target_percent min_percent max_percent threshold_percent"
    " band_distance_percent is_outside_band is_over_threshold response_id",
    "portfolio_drift_daily": "as_of_date portfolio_id account_id max_abs_drift_percent one_way_turnover_percent"
    " l2_drift_percent turnover_into_bands_percent classes_outside_band needs_rebalancing rebalancing_reason"
    " last_rebalanced_at estimated_short_term_gains estimated_long_term_gains harvestable_losses"
    " tax_loss_harvesting_available",
    "drift_episodes": "portfolio_id asset_class breach_kind started_on account_id direction last_breach_on ended_on"
    " nights_observed nights_missing peak_distance_percent peak_on area_percent_days policy_version_at_start"
    " policy_version_at_end is_left_censored",
    "pnl_daily": "as_of_date account_id currency days_covered total_pnl realized_pnl unrealized_pnl dividend_income"
    " interest_income fees_paid short_term_gains short_term_losses long_term_gains long_term_losses total_pnl_itd"
    " realized_pnl_itd unrealized_pnl_itd dividend_income_itd interest_income_itd fees_paid_itd short_term_gains_itd"
    " short_term_losses_itd long_term_gains_itd long_term_losses_itd total_pnl_mtd total_pnl_qtd total_pnl_ytd"
    " drawdown_amount is_restated response_id",
    "pnl_by_position_daily": "as_of_date account_id symbol days_covered realized_pnl unrealized_pnl dividend_income"
    " realized_pnl_itd unrealized_pnl_itd dividend_income_itd",
    "pnl_by_asset_class_daily": "as_of_date account_id asset_class days_covered pnl pnl_itd pnl_percent_itd",
    "pnl_periods": "account_id period_kind period_start period_end total_pnl realized_pnl unrealized_pnl dividend_income"
    " interest_income fees_paid days_observed is_complete",
    "rebalancing_trades": "as_of_date portfolio_id trade_number account_id action symbol asset_class quantity notional"
    " reason",
    "restatements": "account_id as_of_date measure known_at previous_value new_value",
    "reconciliation_daily": "as_of_date account_id check_name entity reported recomputed difference",
    "sync_coverage_daily": "as_of_date endpoint expected ok absent disabled failed rejected quarantined_rows requests"
    " retries rate_limited started_at finished_at is_complete",
    "pnl_reports_known": "account_id as_of_date response_id known_from known_to has_report currency opened_on start_date"
    " total_pnl_itd realized_pnl_itd unrealized_pnl_itd dividend_income_itd interest_income_itd fees_paid_itd"
    " short_term_gains_itd short_term_losses_itd long_term_gains_itd long_term_losses_itd is_restated",
    "policy_versions_known": "account_id ips_id version source known_from known_to response_id status effective_date"
    " created_at risk_tolerance risk_score horizon_years horizon_category primary_objective rebalancing_frequency"
    " threshold_percent minimum_cash_percent tax_aware",
}


def _promised(table: str, column: str) -> tuple[str, int | None, int | None]:
    """The type of a column, by what its name says; what is no other thing is money or percentage points."""
    if (table, column) in RATIOS:
        return "DECIMAL(18,6)", 18, 6
    if column in QUANTITIES:
        return "DECIMAL(38,18)", 38, 18
    if column in COUNTS:
        return "BIGINT", 64, 0
    if column in TEXTS or column.endswith(("_id", "_last4")):
        return "VARCHAR", None, None
    if column in FLAGS or column.startswith("is_"):
        return "BOOLEAN", None, None
    if column in TIMES or column.endswith("_at"):
        return "TIMESTAMP WITH TIME ZONE", None, None
    if column in DATES or column.endswith("_on"):
        return "DATE", None, None
    return "DECIMAL(38,9)", 38, 9


def test_every_mart_column_has_the_promised_place_type_precision_and_scale(warehouse: Path) -> None:
    found: dict[str, dict[str, Any]] = {}
    for table, column, kind, precision, scale in rows(
        warehouse,
        "select table_name, column_name, data_type, numeric_precision, numeric_scale from information_schema.columns"
        " where table_schema = 'marts' order by table_name, ordinal_position",
    ):
        found.setdefault(table, {})[column] = (kind, precision, scale)
    promised = {table: {column: _promised(table, column) for column in names.split()} for table, names in COLUMNS.items()}
    assert found == promised
    assert {table: list(columns) for table, columns in found.items()} == {t: names.split() for t, names in COLUMNS.items()}


def test_every_mart_and_column_carries_its_description_in_the_file(warehouse: Path) -> None:
    silent = rows(
        warehouse,
        "select table_name, '' from duckdb_tables() where schema_name = 'marts' and coalesce(comment, '') = '' union all"
        " select table_name, column_name from duckdb_columns() where schema_name = 'marts' and coalesce(comment, '') = ''",
    )
    assert silent == []


def _declared() -> dict[str, dict[str, str]]:
    files = sorted((SQL / "models" / "sources").glob("*.yml"))
    return {
        table["name"]: {column["name"]: column["data_type"] for column in table["columns"]}
        for file in files
        for source in yaml.safe_load(file.read_text())["sources"]
        if source["name"] == "bluum"
        for table in source["tables"]
        if not table["name"].startswith("_")
    }


def test_the_sources_are_the_raw_tables() -> None:
    assert set(_declared()) == set(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_a_source_declares_the_columns_the_loader_writes(table: str) -> None:
    spelled = {"timestamptz": "timestamp with time zone", "varchar": "string"}
    written = {name: spelled.get(kind, kind.replace(", ", ",")) for name, kind in raw_columns(table).items()}
    assert _declared()[table] == written


def test_a_bare_division_stands_nowhere() -> None:
    """DuckDB's `/` answers with a DOUBLE; `ratio` is the one place that divides, as exactly as each engine can."""
    files = [*(SQL / "models").rglob("*.sql"), *(SQL / "macros").rglob("*.sql"), *(SQL / "tests").rglob("*.sql")]
    guilty = [
        f"{file.name}: {line}"
        for file in files
        for line in file.read_text().splitlines()
        if " / " in line.split("--")[0] or " avg(" in line
        if not line.strip().startswith(("{#", "a / b", "`/`", "rounds so:"))
        if "decimal(32, 9)) / nullif(" not in line  # Spark's, which rounds as it should where no seventh decimal has room
    ]
    assert guilty == []
