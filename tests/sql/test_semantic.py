"""The semantic layer: MetricFlow accepts it, and the SQL that it makes of each metric says what the mart says, to the digit.

MetricFlow itself runs: `mf validate-configs` in a copy of the project, and its engine for the SQL (`mf query --explain`).
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt_metricflow.cli.cli_configuration import CLIConfiguration
from helpers.sql_warehouse import SQL, rows
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest

MF = Path(sys.executable).with_name("mf")
MONTH = "metric_time__month"
LEVEL = "as_of_date = (select max(as_of_date) from {mart} as later where date_trunc('month', later.as_of_date) = month)"
PNL, SYMBOLS, CLASSES = "marts.pnl_daily", "marts.pnl_by_position_daily", "marts.pnl_by_asset_class_daily"
BOOK, DRIFT, SHARES = "marts.account_book_daily", "marts.portfolio_drift_daily", "marts.allocation_drift_daily"
CAUSES, BREACHES = "marts.drift_causes_daily", "marts.drift_episodes"
FLOWS = {
    **{
        name: (PNL, "account_night__currency", f"sum({name})")
        for name in [
            "total_pnl",
            "net_pnl",
            "realized_pnl",
            "unrealized_pnl",
            "dividend_income",
            "interest_income",
            "fees_paid",
        ]
    },
    "symbol_realized_pnl": (SYMBOLS, "account_night_symbol__symbol", "sum(realized_pnl)"),
    "symbol_unrealized_pnl": (SYMBOLS, "account_night_symbol__symbol", "sum(unrealized_pnl)"),
    "symbol_dividend_income": (SYMBOLS, "account_night_symbol__symbol", "sum(dividend_income)"),
    "class_pnl": (CLASSES, "account_night_class__asset_class", "sum(pnl)"),
    "implied_flow": (BOOK, "account_book_night__currency", "sum(implied_flow)"),
    "worst_drift_percent": (DRIFT, "portfolio", "max(max_abs_drift_percent)"),
    "worst_turnover_percent": (DRIFT, "portfolio", "max(one_way_turnover_percent)"),
    "class_nights_judged": (SHARES, "portfolio_night_class__asset_class", "count(is_outside_band)"),
    "class_nights_outside_band": (
        SHARES,
        "portfolio_night_class__asset_class",
        "case when count(is_outside_band) > 0 then count_if(is_outside_band) end",
    ),
    "furthest_outside_band_percent": (SHARES, "portfolio_night_class__asset_class", "max(abs(band_distance_percent))"),
    **{
        f"{cause}_points": (CAUSES, "portfolio_night_class_cause__asset_class", f"sum({cause}_points)")
        for cause in ["change", "market", "trades", "flows", "policy", "remainder"]
    },
    "breaches_started": (BREACHES, "breach__breach_kind", "count(*)"),
    "breaches_still_open": (BREACHES, "breach__breach_kind", "count_if(outcome = 'open')"),
    "breach_nights": (BREACHES, "breach__breach_kind", "sum(nights_observed)"),
    "area_point_nights": (BREACHES, "breach__breach_kind", "sum(area_point_nights)"),
}
"""Metric: the mart, a dimension of it, and what is asked of each month and value of that."""
LEVELS = {
    **{
        name: (PNL, "account_night__currency", f"sum({name})")
        for name in ["total_pnl_itd", "net_pnl_itd", "total_pnl_mtd", "total_pnl_qtd", "total_pnl_ytd"]
    },
    "equity": (BOOK, "account_book_night__currency", "sum(equity)"),
    "cash": (BOOK, "account_book_night__currency", "sum(cash)"),
    "portfolios_analysed": (DRIFT, "portfolio_night__needs_rebalancing", "count(*)"),
    "portfolios_outside_band": (
        DRIFT,
        "portfolio_night__needs_rebalancing",
        "case when count(classes_outside_band) > 0 then count_if(classes_outside_band > 0) end",
    ),
}
"""Those that stand for the newest night of a month."""
COLUMNS = {"portfolio": "portfolio_id"}


@pytest.fixture(scope="module")
def project(workbench: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the project, parsed: MetricFlow reads target/semantic_manifest.json there, and holds the workbench open."""
    folder = tmp_path_factory.mktemp("project") / "sql"
    shutil.copytree(SQL, folder, ignore=shutil.ignore_patterns("target", "logs"))
    parse = [sys.executable, "-m", "dbt.cli.main", "--quiet", "parse", "--profiles-dir", "."]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLUUM_WAREHOUSE", str(workbench))
        patch.setenv("DBT_PROFILES_DIR", str(folder))
        subprocess.run(parse, cwd=folder, check=True, capture_output=True, timeout=120)
        yield folder


@pytest.fixture(scope="module")
def metricflow(project: Path) -> Iterator[MetricFlowEngine]:
    configuration = CLIConfiguration()
    configuration.setup(dbt_profiles_path=project, dbt_project_path=project, configure_file_logging=False)
    try:
        yield configuration.mf
    finally:
        DuckDBConnectionManager.close_all_connections()


def test_metricflow_finds_no_fault_with_the_semantic_models_nor_with_their_columns_in_the_warehouse(project: Path) -> None:
    checked = subprocess.run(
        [MF, "validate-configs"], cwd=project, env=os.environ, capture_output=True, text=True, timeout=120
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.count("(ERRORS: 0, FUTURE_ERRORS: 0, WARNINGS: 0)") == 6


def test_every_metric_is_held_to_its_mart_here(metricflow: MetricFlowEngine) -> None:
    assert {metric.name for metric in metricflow.list_metrics()} == {*FLOWS, *LEVELS}


@pytest.mark.parametrize("metric", [*FLOWS, *LEVELS])
def test_the_sql_of_a_metric_asks_what_the_mart_says(metricflow: MetricFlowEngine, warehouse: Path, metric: str) -> None:
    mart, dimension, expression = {**FLOWS, **LEVELS}[metric]
    column = COLUMNS.get(dimension, dimension.split("__")[-1])
    day = "started_on" if mart == BREACHES else "as_of_date"
    condition = LEVEL.format(mart=mart) if metric in LEVELS else "true"
    expected = (
        f"select date_trunc('month', {day}) as month, {column}, {expression} from {mart} where {condition} group by all"
    )
    assert _asked(metricflow, warehouse, metric, MONTH, dimension) == sorted(rows(warehouse, expected), key=str)


@pytest.mark.parametrize("metric", ["total_pnl", "total_pnl_itd", "class_nights_outside_band"])
def test_a_metric_has_figures_in_this_warehouse(metricflow: MetricFlowEngine, warehouse: Path, metric: str) -> None:
    ((_, value),) = _asked(metricflow, warehouse, metric, MONTH)
    assert value > 0


def test_a_level_is_that_of_the_newest_night_and_not_the_sum_of_the_nights(
    metricflow: MetricFlowEngine, warehouse: Path
) -> None:
    by_night = [value for _, value in _asked(metricflow, warehouse, "total_pnl_itd", "metric_time__day")]
    ((_, of_the_month),) = _asked(metricflow, warehouse, "total_pnl_itd", MONTH)
    assert by_night == [10, 22, 30]
    assert of_the_month == 30


def test_an_account_can_be_asked_for_by_what_the_roster_says_of_it(metricflow: MetricFlowEngine, warehouse: Path) -> None:
    ((_, status, value),) = _asked(metricflow, warehouse, "total_pnl", MONTH, "account__status")
    assert (status, value) == ("ACTIVE", 30)


def _asked(engine: MetricFlowEngine, warehouse: Path, metric: str, *by: str) -> list[tuple[Any, ...]]:
    """The rows that MetricFlow's SQL comes to; run by DuckDB itself, since MetricFlow's own table makes floats of them."""
    request = MetricFlowQueryRequest.create(metric_names=[metric], group_by_names=list(by))
    return sorted(rows(warehouse, engine.explain(request).sql_statement.sql), key=str)
