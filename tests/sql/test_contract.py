"""The marts have the columns, types, digits and descriptions that readers were promised."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from helpers.keys import foreign_keys, published
from helpers.sql_warehouse import SQL, raw_columns, rows

from pipelines.schema.tables import TABLES

RATIOS = {
    ("positions_daily", "weight_percent"),
    ("allocation_drift_daily", "relative_drift_percent"),
    ("portfolio_drift_daily", "l2_drift_percent"),
    *(
        ("drift_episode_causes", f"{cause}_percent_of_change")
        for cause in ("market", "trades", "flows", "policy", "remainder")
    ),
    *(
        (mart, column)
        for mart in ("compliance_periods", "compliance_firm_periods")
        for column in ("adherence_percent", "median_sessions_to_remedy")
    ),
    ("account_book_daily", "estimated_return_percent"),
    ("account_book_daily", "reported_return_percent"),
    ("rebalancing_trade_outcomes", "traded_percent"),
    ("portfolio_latest", "l2_drift_percent"),
    ("drift_wide", "relative_drift_percent"),
}
QUANTITIES = {"quantity", "average_cost_basis", "current_price"}
COUNTS = {
    "portfolios", "portfolios_with_value", "item_number", "nights_explained", "sessions_missing", "sessions_until_done",
    "absent", "attempts", "called_policy_version", "classes_outside_band", "days_covered", "days_observed", "disabled",
    "expected", "failed", "horizon_years", "iso_week", "iso_year", "line_number", "month_number", "nights",
    "nights_missing", "nights_observed", "nights_since_seen", "ok", "open_band_breaches", "open_threshold_breaches",
    "page", "policy_version", "policy_version_at_end", "policy_version_at_start", "policy_version_then",
    "portfolios_analysed", "quarantined_rows", "quarter_number", "rate_limited", "rejected", "requests", "retries",
    "risk_score", "row_count", "sessions_until", "trade_number", "version", "weekday_number", "year_number",
}  # fmt: skip
COUNTED = ("accounts", "breaches", "episodes", "longest_sessions", "nights")
FLAGS = {"has_report", "needs_rebalancing", "tax_aware", "tax_loss_harvesting_available"}
DATES = {
    "valid_from",
    "valid_to",
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
    "sector", "unknown_reason",
    "account_number_last4", "account_type", "action", "asset_class", "asset_class_group", "breach_kind", "check_name",
    "country", "currency", "direction", "endpoint", "entity", "error_code", "error_message", "horizon_category",
    "instrument_class", "item", "line", "management_type", "measure", "name", "outcome", "params", "period_kind",
    "price_confidence", "price_source", "primary_objective", "reason", "rebalancing_frequency", "rebalancing_reason",
    "restatement_key", "risk_tolerance", "source", "status", "symbol", "weekday_name",
    "unknown_reason_then", "rule", "subject", "unit", "verdict", "verdict_then",
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
    " peak_on area_point_nights policy_version_at_start policy_version_at_end is_left_censored",
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
    "pnl_bridge": "account_id period_kind period_start line_number period_end currency line item amount unknown_reason"
    " is_complete response_id",
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
    "responses": "response_id answer_id page as_of_date endpoint account_id portfolio_id params status outcome row_count"
    " attempts requested_at received_at error_code error_message run_id",
    "account_nights": "as_of_date account_id is_listed status currency balance opened_on positions_outcome"
    " portfolios_outcome rebalancing_outcome holdings_outcome summary_outcome performance_outcome"
    " investment_policy_outcome pnl_outcome is_complete"
    " ips_id policy_version called_ips_id called_policy_version response_id",
    "account_latest": "as_of_date account_id status account_type management_type currency opened_on closed_on last_seen_on"
    " nights_since_seen is_listed is_complete positions_outcome portfolios_outcome rebalancing_outcome"
    " investment_policy_outcome pnl_outcome balance ips_id policy_version policy_effective_from risk_tolerance"
    " threshold_percent days_covered total_pnl net_pnl total_pnl_itd net_pnl_itd total_pnl_mtd total_pnl_qtd"
    " total_pnl_ytd drawdown_amount portfolios_analysed max_abs_drift_percent max_one_way_turnover_percent"
    " classes_outside_band open_band_breaches open_threshold_breaches response_id pnl_response_id",
    "portfolio_latest": "as_of_date portfolio_id name status currency account_id account_status account_currency"
    " last_seen_on nights_since_seen is_analysed"
    " is_account_complete rebalancing_outcome ips_id policy_version"
    " policy_effective_from risk_tolerance threshold_percent max_abs_drift_percent one_way_turnover_percent"
    " l2_drift_percent turnover_into_bands_percent classes_outside_band off_policy_percent needs_rebalancing"
    " is_cached last_rebalanced_at open_band_breaches open_threshold_breaches account_total_pnl account_net_pnl"
    " account_total_pnl_itd account_net_pnl_itd account_total_pnl_ytd",
    "drift_wide": "as_of_date portfolio_id asset_class is_reported target_percent actual_percent drift_percent"
    " relative_drift_percent policy_version policy_target_percent policy_drift_percent min_percent max_percent"
    " threshold_percent band_distance_percent is_outside_band is_over_threshold policy_version_then"
    " is_outside_band_then is_over_threshold_then account_id account_status account_currency"
    " is_account_complete portfolio_name portfolio_status portfolio_currency portfolio_max_abs_drift_percent"
    " portfolio_one_way_turnover_percent needs_rebalancing is_cached ips_id policy_status policy_effective_from"
    " policy_effective_to risk_tolerance band_episode_started_on band_episode_direction band_episode_outcome"
    " band_episode_peak_distance_percent band_episode_is_left_censored threshold_episode_started_on"
    " threshold_episode_direction threshold_episode_outcome threshold_episode_peak_distance_percent"
    " threshold_episode_is_left_censored is_session response_id",
    "instruments": "symbol valid_from valid_to instrument_class currency country asset_id is_ambiguous first_seen_on"
    " last_seen_on",
    "asset_classes": "asset_class asset_class_group is_known_alias is_in_policies is_in_analyses is_in_trades is_in_pnl"
    " is_in_positions is_in_rosters first_seen_on last_seen_on",
    "dates": "calendar_date is_session last_session_on sessions_until weekday_number weekday_name iso_year iso_week"
    " month_number quarter_number year_number week_start week_end month_start month_end quarter_start quarter_end"
    " year_start year_end is_last_session_of_week is_last_session_of_month is_last_session_of_quarter"
    " is_last_session_of_year",
    "compliance_daily": "as_of_date account_id rule portfolio_id subject unit value lower_limit upper_limit ips_id"
    " policy_version verdict unknown_reason policy_version_then value_then lower_limit_then upper_limit_then verdict_then"
    " unknown_reason_then response_id policy_response_id",
    "compliance_periods": f"account_id {_PERIODS}",
    "compliance_firm_periods": _PERIODS,
    "firm_daily": "as_of_date currency accounts accounts_listed accounts_complete accounts_with_policy accounts_inside"
    " accounts_outside accounts_unknown accounts_with_policy_then accounts_inside_then accounts_outside_then"
    " accounts_unknown_then total_value portfolios_with_value portfolios net_pnl accounts_with_net_pnl total_pnl_itd"
    " accounts_with_total_pnl_itd episodes_opened episodes_left_censored episodes_closed episodes_open",
    "tax_daily": "as_of_date portfolio_id account_id currency harvestable_losses change_of_harvestable_losses"
    " tax_loss_harvesting_available estimated_short_term_gains estimated_long_term_gains policy_version tax_bracket_percent"
    " long_term_rate_percent short_term_tax long_term_tax tax_cost saved_by_waiting unknown_reason response_id",
    "policy_targets_known": "account_id ips_id version asset_class known_from known_to known_on superseded_on target_percent"
    " min_percent max_percent effective_from effective_to response_id",
    "holdings_daily": "as_of_date portfolio_id item_number account_id position_id symbol name asset_class sector currency"
    " quantity average_cost_basis total_cost_basis current_price market_value unrealized_pl weight_percent price_source"
    " price_confidence price_timestamp response_id",
    "portfolio_values_daily": "as_of_date portfolio_id account_id currency cash_balance positions_value total_value"
    " unknown_reason reported_total_value summary_total_value summary_max_deviation_percent next_rebalancing_on"
    " performance_start_date net_contributions_itd net_withdrawals_itd total_return_itd time_weighted_return_itd_percent"
    " holdings_response_id summary_response_id performance_response_id",
    "drift_causes_daily": "as_of_date portfolio_id asset_class account_id previous_on previous_drift_percent drift_percent"
    " change_points market_points trades_points flows_points policy_points remainder_points unknown_reason response_id"
    " previous_response_id holdings_response_id previous_holdings_response_id",
    "drift_episode_causes": "portfolio_id asset_class breach_kind started_on account_id direction eve_on peak_on"
    " eve_drift_percent peak_drift_percent change_points market_points trades_points flows_points policy_points"
    " remainder_points market_percent_of_change trades_percent_of_change flows_percent_of_change policy_percent_of_change"
    " remainder_percent_of_change nights nights_explained",
    "account_book_daily": "as_of_date account_id currency source cash positions_value equity previous_on net_pnl"
    " implied_flow reported_flow flow_difference estimated_return_percent chained_since sessions_missing"
    " chained_return_percent reported_return_percent return_difference_percent unknown_reason performance_response_id",
    "rebalancing_trade_outcomes": "as_of_date portfolio_id trade_number account_id action symbol quantity outcome"
    " unknown_reason done_on sessions_until_done traded_quantity traded_percent nights_observed holdings_response_id",
}


_TEXT_ENDS = ("_currency", "_direction", "_name", "_status")


def _promised(table: str, column: str) -> tuple[str, int | None, int | None]:
    """The type of a column, by what its name says; what is no other thing is money or percentage points."""
    if (table, column) == ("responses", "status"):
        return "BIGINT", 64, 0  # HTTP's
    if (table, column) in RATIOS:
        return "DECIMAL(18,6)", 18, 6
    if column in QUANTITIES:
        return "DECIMAL(38,18)", 38, 18
    if column in COUNTS or column.startswith(COUNTED):
        return "BIGINT", 64, 0
    if column in TEXTS or column.endswith(("_id", "_last4", "_outcome", *_TEXT_ENDS)):
        return "VARCHAR", None, None
    if column in FLAGS or column.startswith("is_") or "_is_" in column:
        return "BOOLEAN", None, None
    if column in TIMES or column.endswith("_at"):
        return "TIMESTAMP WITH TIME ZONE", None, None
    if column in DATES or column.endswith(("_on", "_since", "_effective_from", "_effective_to", "_start", "_end")):
        return "DATE", None, None
    return "DECIMAL(38,9)", 38, 9


def test_every_mart_column_has_the_promised_place_type_precision_and_scale(warehouse: Path) -> None:
    found: dict[str, dict[str, Any]] = {}
    for table, column, kind, precision, scale in rows(
        warehouse,
        "select table_name, column_name, data_type, numeric_precision, numeric_scale from information_schema.columns"
        " where table_schema in ('marts', 'audit') order by table_name, ordinal_position",
    ):
        found.setdefault(table, {})[column] = (kind, precision, scale)
    promised = {table: {column: _promised(table, column) for column in names.split()} for table, names in COLUMNS.items()}
    assert found == promised
    assert {table: list(columns) for table, columns in found.items()} == {t: names.split() for t, names in COLUMNS.items()}


def test_every_mart_and_column_carries_its_description_in_the_file(warehouse: Path) -> None:
    silent = rows(
        warehouse,
        "with held as (select table_name, '', comment, schema_name from duckdb_tables()"
        " union all select view_name, '', comment, schema_name from duckdb_views()"
        " union all select table_name, column_name, comment, schema_name from duckdb_columns())"
        " select * from held where schema_name in ('marts', 'audit') and coalesce(comment, '') = ''",
    )
    assert silent == []


SEMI_ADDITIVE = "Semi-additive: add up over accounts of one currency, never over nights."


def test_a_figure_that_stands_for_a_level_says_that_it_is_never_added_up_over_nights(warehouse: Path) -> None:
    levels = r"_itd$|_[mqy]td$|^(account_)?(balance|market_value|total_cost_basis|unrealized_pl)$"
    found = rows(
        warehouse,
        "select table_name, column_name, comment from duckdb_columns() where schema_name in ('marts', 'audit')"
        f" and regexp_matches(column_name, '{levels}') and column_name not like '%percent%'",
    )
    assert {"pnl_daily", "positions_daily", "account_nights"} <= {table for table, *_ in found}
    assert [(table, column) for table, column, comment in found if SEMI_ADDITIVE not in comment] == []


FLOWS = {
    "change_of_harvestable_losses", "dividend_income", "fees_paid", "flow_difference", "implied_flow", "interest_income",
    "long_term_gains", "long_term_losses", "net_pnl", "pnl", "realized_pnl", "reported_flow", "short_term_gains",
    "short_term_losses", "total_pnl", "unrealized_pnl",
}  # fmt: skip
"""What happened within a night: adds up over nights as over accounts of one currency. Other amounts say how they add up."""


def test_an_amount_that_is_no_flow_says_how_it_may_be_added_up(warehouse: Path) -> None:
    amounts = rows(
        warehouse,
        "select table_name, column_name, comment from duckdb_columns() where schema_name in ('marts', 'audit')"
        " and data_type like 'DECIMAL(38,%' and not regexp_matches(column_name, '_percent|_points$|area_point_nights')",
    )
    says = re.compile(
        r"Semi-additive: add up over .+, never over nights\.|ot to be added up|Add up over .+ of one period_kind\."
    )
    assert {column for _, column, _ in amounts} >= FLOWS
    assert [(table, column) for table, column, comment in amounts if not says.search(comment) and column not in FLOWS] == []


def test_the_product_of_any_two_figures_of_a_view_can_be_added_up_exactly(warehouse: Path) -> None:
    """A product has the decimals of both factors, of 38 digits in all: for two units with 18 each there would be no room."""
    scales = rows(
        warehouse,
        "select columns.table_name, column_name, numeric_scale from duckdb_columns() as columns"
        " join duckdb_views() as views on view_oid = table_oid and views.database_name = columns.database_name"
        " where columns.schema_name = 'marts' and data_type like 'DECIMAL%'",
    )
    assert {"account_latest", "portfolio_latest", "drift_wide"} == {view for view, *_ in scales}
    assert max(scale for *_, scale in scales) <= 9
    with duckdb.connect() as connection:
        product = "1000000000000.000000001::decimal(38, 9) * 99.123456789::decimal(38, 9)"
        exact = connection.execute(f"select sum({product}) from range(1000)").fetchall()
        assert exact == [(Decimal("99123456789000000.000099123456789000"),)]


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


def test_every_published_table_declares_the_key_that_its_grain_test_holds_it_to() -> None:
    declared = {table: model.get("config", {}).get("meta", {}).get("primary_key") for table, model in published()}
    tested = {
        table: next(
            (test["grain"]["arguments"]["columns"] for test in model["data_tests"] if "grain" in test), "no grain test"
        )
        for table, model in published()
    }
    assert declared == tested


def test_the_columns_of_a_key_are_never_null_in_the_file_but_for_those_that_its_grain_test_excuses(warehouse: Path) -> None:
    views = {name for (name,) in rows(warehouse, "select view_name from duckdb_views() where schema_name = 'marts'")}
    expected = set()
    for table, model in published():
        (grain,) = (test["grain"]["arguments"] for test in model["data_tests"] if "grain" in test)
        if model["name"] not in views:
            expected |= {(table, column) for column in {*grain["columns"]} - {*grain.get("nullable", [])}}
    query = (
        "select schema_name || '.' || table_name, column_name from duckdb_columns()"
        " where schema_name in ('marts', 'audit') and not is_nullable"
    )
    assert set(rows(warehouse, query)) == expected
    keys = "select table_name, constraint_column_names from duckdb_constraints() where constraint_type = 'PRIMARY KEY'"
    assert rows(warehouse, f"{keys} and schema_name = 'marts' order by all") == [
        ("accounts", ["account_id"]),
        ("portfolios", ["portfolio_id"]),
    ]


def test_a_foreign_key_leads_to_a_declared_key() -> None:
    keys = {table: tuple(model["config"]["meta"]["primary_key"]) for table, model in published()}
    columns = {table: {column["name"] for column in model["columns"]} for table, model in published()}
    found = foreign_keys()
    assert len(found) > 40
    assert [key for key in found if keys[key.to] != key.to_columns or not columns[key.table] >= {*key.columns}] == []


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
