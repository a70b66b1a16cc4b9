"""The charts of the pack and where they stand: two dashboards, drift and P&L, each a list of rows.

Amounts of several currencies are never in one bar or line: what adds accounts up is by currency.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Chart:
    """A chart: its kind for Superset, the dataset, what the kind wants; its width in twelfths of a row."""

    title: str
    kind: str
    dataset: str
    params: dict[str, Any]
    width: int = 6


@dataclass(frozen=True)
class Filter:
    """A filter of a dashboard: a column of a dataset, or without one the time."""

    title: str
    dataset: str = ""
    column: str = ""


@dataclass(frozen=True)
class Dashboard:
    """A dashboard: rows of charts, each with its height in units of eight pixels."""

    title: str
    slug: str
    rows: tuple[tuple[int, tuple[Chart, ...]], ...]
    filters: tuple[Filter, ...] = field(default=())


def _tile(title: str, dataset: str, metric: str, d3format: str, width: int = 3) -> Chart:
    return Chart(title, "big_number_total", dataset, {"metric": metric, "y_axis_format": d3format, "subheader": ""}, width)


def _over_time(title: str, kind: str, dataset: str, metric: str, by: str, **more: Any) -> Chart:
    params = {
        "x_axis": "as_of_date",
        "time_grain_sqla": "P1D",
        "metrics": [metric],
        "groupby": [by],
        "row_limit": 50_000,
        "show_legend": True,
        "rich_tooltip": True,
        "x_axis_time_format": "%d %b",
        "y_axis_format": ",.2f",
        "markerEnabled": True,  # a night between two that are missing is a mark without a line
        "markerSize": 3,
    }
    return Chart(title, f"echarts_timeseries_{kind}", dataset, params | more)


_PLAIN = {"table_timestamp_format": "%Y-%m-%d", "show_cell_bars": False, "color_pn": False, "percent_metrics": []}
_MEASURED = ("_percent", "_amount", "total_pnl", "_mtd", "_ytd", "_itd")
"""How the names of columns end that are shown with two decimals; the file has them all."""


def _rows(title: str, dataset: str, columns: list[str], order: str, width: int = 12, **more: Any) -> Chart:
    """A table of rows as they are; `order` is the column it is ordered by, the largest first."""
    params = {
        "query_mode": "raw",
        "all_columns": columns,
        "order_by_cols": [f'["{order}", false]'],
        "row_limit": 1_000,
        "include_search": True,
        "column_config": {column: {"d3NumberFormat": ",.2f"} for column in columns if column.endswith(_MEASURED)},
    }
    return Chart(title, "table", dataset, _PLAIN | params | more, width)


def _sums(title: str, dataset: str, by: list[str], metrics: list[str], width: int = 12, **more: Any) -> Chart:
    """A table of metrics by columns, ordered by the first metric."""
    params = {"query_mode": "aggregate", "groupby": by, "metrics": metrics, "order_desc": True, "row_limit": 1_000}
    return Chart(title, "table", dataset, _PLAIN | params | more, width)


def where(subject: str, operator: str, comparator: object) -> dict[str, Any]:
    """A filter of a chart's own."""
    filtered = {"subject": subject, "operator": operator, "comparator": comparator}
    return {"clause": "WHERE", "expressionType": "SIMPLE", **filtered}


DRIFT = Dashboard(
    "Drift",
    "bluum-drift",
    (
        (
            22,
            (
                _tile("Portfolios outside a band", "portfolio_latest", "outside", ",d"),
                _tile("Open breaches of a band", "portfolio_latest", "open_breaches", ",d"),
                _tile("Worst drift, in points", "portfolio_latest", "worst_drift", ",.2f"),
                _tile("Portfolios analysed", "portfolio_latest", "analysed", ",d"),
            ),
        ),
        (
            46,
            (
                _rows(
                    "Portfolios as of the newest night, the worst drift first",
                    "portfolio_latest",
                    ["portfolio", "as_of_date", "max_abs_drift_percent", "classes_outside_band",
                     "open_band_breaches", "policy_version", "needs_rebalancing", "is_account_complete"],
                    "max_abs_drift_percent",
                ),
            ),
        ),
        (
            50,
            (
                _over_time(
                    "Worst drift of each portfolio, in points", "line", "drift_by_session", "worst_drift", "portfolio"
                ),
                _over_time(
                    "Classes outside their band", "bar", "drift_wide", "classes_outside", "asset_class",
                    stack="Stack", y_axis_format=",d",
                ),
            ),
        ),
        (
            46,
            (
                _sums(
                    "What moved drift, in points, by portfolio and class",  # over either of them it means nothing
                    "causes_of_portfolios",
                    ["portfolio", "asset_class"],
                    ["moved", *(f"sum_{cause}_points" for cause in ("market", "trades", "flows", "policy", "remainder"))],
                    include_search=True,
                ),
            ),
        ),
        (
            46,
            (
                _rows(
                    "Open breaches, the newest first",
                    "breaches_of_portfolios",
                    ["started_on", "portfolio", "asset_class", "breach_kind", "direction", "peak_distance_percent",
                     "nights_observed", "nights_missing"],
                    "started_on",
                    adhoc_filters=[where("outcome", "==", "open")],
                ),
            ),
        ),
    ),
    (Filter("Nights"), Filter("Portfolio", "drift_wide", "portfolio"), Filter("Asset class", "drift_wide", "asset_class")),
)  # fmt: skip

PNL = Dashboard(
    "P&L",
    "bluum-pnl",
    (
        (
            26,
            (
                _sums(
                    "P&L of the newest night and to date, by currency",
                    "account_latest",
                    ["currency", "as_of_date"],
                    ["sum_total_pnl", "known_day", "sum_total_pnl_mtd", "known_mtd", "sum_total_pnl_qtd", "known_qtd",
                     "sum_total_pnl_ytd", "known_ytd", "sum_total_pnl_itd", "known_itd", "accounts"],
                ),
            ),
        ),
        (
            50,
            (
                _over_time("Net P&L of each night", "bar", "pnl_daily", "sum_net_pnl", "currency"),
                _over_time("P&L since opening, all accounts", "line", "pnl_by_session", "level_of_a_night", "currency"),
            ),
        ),
        (
            50,
            (
                _over_time(
                    "P&L by asset class, a month each", "bar", "pnl_by_asset_class_daily", "sum_pnl", "asset_class",
                    groupby=["currency", "asset_class"], time_grain_sqla="P1M", stack="Stack", x_axis_time_format="%b %Y",
                ),
                _sums(
                    "P&L by symbol",
                    "pnl_by_position_daily",
                    ["symbol", "currency"],
                    ["sum_unrealized_pnl", "sum_realized_pnl", "sum_dividend_income"],
                    6,
                    include_search=True,
                ),
            ),
        ),
        (
            50,
            (
                _rows(
                    "Accounts as of the newest night",
                    "account_latest",
                    ["account", "status", "currency", "as_of_date", "total_pnl", "total_pnl_mtd", "total_pnl_ytd",
                     "total_pnl_itd", "drawdown_amount", "pnl_outcome"],
                    "total_pnl_itd",
                ),
            ),
        ),
    ),
    (Filter("Nights"), Filter("Currency", "pnl_daily", "currency"), Filter("Account", "pnl_daily", "account_id")),
)  # fmt: skip

DASHBOARDS = (DRIFT, PNL)
