"""The marts have the columns, types, digits and descriptions that readers were promised."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.sql_warehouse import SQL, raw_columns, rows

from pipelines.schema.tables import TABLES

RATIOS = {
    ("positions_daily", "weight_percent"),
    ("allocation_drift_daily", "relative_drift_percent"),
    ("portfolio_drift_daily", "l2_drift_percent"),
    *(
        (mart, column)
        for mart in ("compliance_periods", "compliance_firm_periods")
        for column in ("adherence_percent", "median_sessions_to_remedy")
    ),
}
QUANTITIES = {"quantity", "average_cost_basis", "current_price"}
COUNTS = {
    "absent", "called_policy_version", "classes_outside_band", "days_covered", "days_observed", "disabled", "expected",
    "failed", "horizon_years", "item_number", "nights", "portfolios", "portfolios_with_value",
    "nights_missing", "nights_observed", "ok", "policy_version", "policy_version_at_end",
    "policy_version_at_start", "policy_version_then", "quarantined_rows", "rate_limited", "rejected", "requests",
    "retries", "risk_score", "sessions_until", "trade_number", "version",
}  # fmt: skip
COUNTED = ("accounts", "breaches", "episodes", "longest_sessions", "nights")
FLAGS = {"has_report", "needs_rebalancing", "tax_aware", "tax_loss_harvesting_available"}
DATES = {
    "as_of_date",
    "calendar_date",
    "effective_date",
    "effective_from",
    "effective_to",
    "performance_start_date",
    "period_end",
    "period_start",
    "start_date",
}
TIMES = {"analysis_timestamp", "known_from", "known_to", "price_timestamp"}
TEXTS = {
    "account_number_last4", "account_type", "action", "asset_class", "breach_kind", "check_name", "currency", "direction",
    "endpoint", "entity", "horizon_category", "management_type", "measure", "name", "outcome", "period_kind",
    "price_confidence", "price_source", "primary_objective", "reason", "rebalancing_frequency", "rebalancing_reason",
    "reason_then", "restatement_key", "risk_tolerance", "rule", "sector", "subject", "unit", "unknown_reason", "verdict",
    "verdict_then", "source", "status", "symbol",
}  # fmt: skip
_PERIODS = (
    "period_kind period_start period_end nights nights_judged nights_inside nights_outside nights_unknown"
    " nights_without_policy adherence_percent breaches_opened breaches_closed breaches_lost breaches_open breaches_timed"
    " breaches_censored median_sessions_to_remedy longest_sessions_to_remedy"
)
COLUMNS = {
    "accounts": "account_id account_number_last4 status account_type management_type currency opened_on"
    " closed_on first_seen_on last_seen_on",
    "portfolios": "portfolio_id account_id name currency status first_seen_on last_seen_on",
    "policy_versions": "account_id ips_id version status effective_from effective_to risk_tolerance risk_score"
    " horizon_years horizon_category primary_objective rebalancing_frequency threshold_percent"
    " minimum_cash_percent tax_aware first_seen_at is_in_force",
    "policy_targets": "account_id ips_id version asset_class target_percent min_percent max_percent"
    " effective_from effective_to",
    "positions_daily": "as_of_date account_id position_id symbol currency quantity average_cost_basis"
    " total_cost_basis current_price market_value unrealized_pl unrealized_pl_percent"
    " weight_percent price_source price_confidence price_timestamp response_id",
    "allocation_drift_daily": "as_of_date portfolio_id asset_class account_id is_reported target_percent actual_percent"
    " drift_percent relative_drift_percent ips_id policy_version policy_target_percent"
    " policy_drift_percent min_percent max_percent threshold_percent band_distance_percent"
    " is_outside_band is_over_threshold policy_version_then is_outside_band_then"
    " is_over_threshold_then known_from response_id",
    "portfolio_drift_daily": "as_of_date portfolio_id account_id currency max_abs_drift_percent one_way_turnover_percent"
    " l2_drift_percent turnover_into_bands_percent classes_outside_band off_policy_percent"
    " needs_rebalancing rebalancing_reason analysis_timestamp is_cached last_rebalanced_at"
    " estimated_short_term_gains estimated_long_term_gains harvestable_losses"
    " tax_loss_harvesting_available",
    "drift_episodes": "portfolio_id asset_class breach_kind started_on account_id direction last_breach_on"
    " ended_on outcome last_observed_on nights_observed nights_missing peak_distance_percent"
    " peak_on area_percent_days policy_version_at_start policy_version_at_end is_left_censored",
    "pnl_daily": "as_of_date account_id currency days_covered total_pnl realized_pnl unrealized_pnl"
    " dividend_income interest_income fees_paid short_term_gains short_term_losses"
    " long_term_gains long_term_losses net_pnl total_pnl_itd realized_pnl_itd"
    " unrealized_pnl_itd dividend_income_itd interest_income_itd fees_paid_itd"
    " short_term_gains_itd short_term_losses_itd long_term_gains_itd long_term_losses_itd"
    " net_pnl_itd total_pnl_mtd total_pnl_qtd total_pnl_ytd mtd_since qtd_since ytd_since"
    " drawdown_amount is_mixed_vintage is_day_restated is_itd_restated response_id",
    "pnl_by_position_daily": "as_of_date account_id symbol is_reported currency days_covered realized_pnl"
    " unrealized_pnl dividend_income realized_pnl_itd unrealized_pnl_itd dividend_income_itd",
    "pnl_by_asset_class_daily": "as_of_date account_id asset_class is_reported currency days_covered pnl pnl_itd"
    " pnl_percent_itd",
    "pnl_periods": "account_id period_kind period_start period_end currency total_pnl realized_pnl"
    " unrealized_pnl dividend_income interest_income fees_paid days_observed is_complete",
    "rebalancing_trades": "as_of_date portfolio_id trade_number account_id currency action symbol asset_class quantity"
    " notional reason",
    "restatements": "account_id as_of_date measure currency known_at previous_value new_value",
    "reconciliation_daily": "as_of_date account_id check_name entity reported recomputed difference nights last_seen_on",
    "sync_coverage_daily": "as_of_date endpoint expected ok absent disabled failed rejected quarantined_rows"
    " requests retries rate_limited started_at finished_at is_complete",
    "pnl_reports_known": "account_id as_of_date response_id known_from known_to asked_on restated_on"
    " vintage_on restatement_key has_report currency opened_on start_date total_pnl_itd realized_pnl_itd"
    " unrealized_pnl_itd dividend_income_itd interest_income_itd fees_paid_itd"
    " short_term_gains_itd short_term_losses_itd long_term_gains_itd long_term_losses_itd",
    "policy_versions_known": "account_id ips_id version known_from known_to status effective_from effective_to"
    " risk_tolerance risk_score horizon_years horizon_category primary_objective"
    " rebalancing_frequency threshold_percent minimum_cash_percent tax_aware first_seen_at"
    " response_id",
    "account_nights": "as_of_date account_id is_listed status currency balance opened_on positions_outcome"
    " portfolios_outcome rebalancing_outcome holdings_outcome summary_outcome performance_outcome"
    " investment_policy_outcome pnl_outcome is_complete"
    " ips_id policy_version called_ips_id called_policy_version response_id",
    "dates": "calendar_date is_session last_session_on sessions_until",
    "holdings_daily": "as_of_date portfolio_id item_number account_id position_id symbol name asset_class sector currency"
    " quantity average_cost_basis total_cost_basis current_price market_value unrealized_pl weight_percent price_source"
    " price_confidence price_timestamp response_id",
    "portfolio_values_daily": "as_of_date portfolio_id account_id currency cash_balance positions_value total_value"
    " unknown_reason reported_total_value summary_total_value summary_max_deviation_percent next_rebalancing_on"
    " performance_start_date net_contributions_itd net_withdrawals_itd total_return_itd time_weighted_return_itd_percent"
    " holdings_response_id summary_response_id performance_response_id",
    "compliance_daily": "as_of_date account_id rule portfolio_id subject unit value lower_limit upper_limit ips_id"
    " policy_version verdict reason policy_version_then value_then lower_limit_then upper_limit_then verdict_then"
    " reason_then response_id policy_response_id",
    "compliance_periods": f"account_id {_PERIODS}",
    "compliance_firm_periods": _PERIODS,
    "firm_daily": "as_of_date currency accounts accounts_listed accounts_complete accounts_with_policy accounts_inside"
    " accounts_outside accounts_unknown accounts_with_policy_then accounts_inside_then accounts_outside_then"
    " accounts_unknown_then total_value portfolios_with_value portfolios net_pnl accounts_with_net_pnl total_pnl_itd"
    " accounts_with_total_pnl_itd episodes_opened episodes_left_censored episodes_closed episodes_open",
    "tax_daily": "as_of_date portfolio_id account_id currency harvestable_losses change_of_harvestable_losses"
    " tax_loss_harvesting_available estimated_short_term_gains estimated_long_term_gains policy_version tax_bracket_percent"
    " long_term_rate_percent short_term_tax long_term_tax tax_cost saved_by_waiting reason response_id",
    "policy_targets_known": "account_id ips_id version asset_class known_from known_to known_on superseded_on target_percent"
    " min_percent max_percent effective_from effective_to response_id",
}


def _promised(table: str, column: str) -> tuple[str, int | None, int | None]:
    """The type of a column, by what its name says; what is no other thing is money or percentage points."""
    if (table, column) in RATIOS:
        return "DECIMAL(18,6)", 18, 6
    if column in QUANTITIES:
        return "DECIMAL(38,18)", 38, 18
    if column in COUNTS or column.startswith(COUNTED):
        return "BIGINT", 64, 0
    if column in TEXTS or column.endswith(("_id", "_last4", "_outcome")):
        return "VARCHAR", None, None
    if column in FLAGS or column.startswith("is_"):
        return "BOOLEAN", None, None
    if column in TIMES or column.endswith("_at"):
        return "TIMESTAMP WITH TIME ZONE", None, None
    if column in DATES or column.endswith(("_on", "_since")):
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
        # Engines other than DuckDB may divide decimals exactly; each is dispatched to by name.
        for line in re.sub(r"\{% macro spark__ratio.*?endmacro", "", file.read_text(), flags=re.DOTALL).splitlines()
        if " / " in line.split("--")[0] or " avg(" in line
        if not line.strip().startswith(("{#", "a / b", "`/`", "rounds so:"))
        if "decimal(32, 9)) / nullif(" not in line  # Spark's, which rounds as it should where no seventh decimal has room
    ]
    assert guilty == []
