"""What the pack offers in Superset: tables and views, some named questions, and the metrics of each.

A metric is an aggregate of its table's columns, since Superset's own fields take no sub-query: what is asked of the newest
night is asked of a view `_latest`. A level is never added up over nights (`max` of one account, or of a view `_latest`).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """A figure that charts show: its SQL, and its format for d3. Without a description it takes that of the column `of`."""

    name: str
    label: str
    sql: str
    of: str = ""
    description: str = ""
    d3format: str = ",.2f"


@dataclass(frozen=True)
class Dataset:
    """A table or view of the schema marts, with its metrics, and columns worked out of its own: name and SQL.

    With `of` it is the named question `table`, whose columns are those of that table or view.
    """

    table: str
    metrics: tuple[Metric, ...]
    day: str | None = "as_of_date"
    worked_out: tuple[tuple[str, str], ...] = ()
    of: str = ""


def _sum(column: str, label: str, name: str = "") -> Metric:
    return Metric(name or f"sum_{column}", label, f"sum({column})", column)


def _count(name: str, label: str, sql: str, description: str) -> Metric:
    return Metric(name, label, sql, description=description, d3format=",d")


_UNTIL = (
    ("day", "Day", "total_pnl"),
    ("mtd", "Month to date", "total_pnl_mtd"),
    ("qtd", "Quarter to date", "total_pnl_qtd"),
    ("ytd", "Year to date", "total_pnl_ytd"),
    ("itd", "Since opening", "total_pnl_itd"),
)
# Most portfolios are called alike: the end of the id tells them apart. The same in each dataset, for the one filter.
_PORTFOLIO = "coalesce({0}, 'no name') || ' …' || right(portfolio_id, 4)"

DATASETS = (
    Dataset(
        "portfolio_latest",
        (
            _count("portfolios", "Portfolios", "count(*)", "Portfolios that the newest night should have."),
            _count("analysed", "Analysed", "count_if(is_analysed)", "Those with an analysis of the newest night."),
            _count(
                "outside", "Outside a band", "count_if(classes_outside_band > 0)", "Those with a class outside its band."
            ),
            _count("open_breaches", "Open breaches", "sum(open_band_breaches)", "Breaches of a band that are open."),
            Metric("worst_drift", "Worst drift", "max(max_abs_drift_percent)", "max_abs_drift_percent"),
        ),
        worked_out=(("portfolio", _PORTFOLIO.format("name")),),
    ),
    Dataset(
        "drift_wide",
        (
            Metric("actual", "Actual", "max(actual_percent)", "actual_percent"),
            Metric("target", "Target", "max(target_percent)", "target_percent"),
            _count(
                "classes_outside",
                "Classes outside",
                "count_if(is_outside_band)",
                "Classes outside their band, night by night.",
            ),
        ),
        worked_out=(("portfolio", _PORTFOLIO.format("portfolio_name")),),
    ),
    # Superset draws a line from one night that is there to the next: only a row without a figure makes it break.
    Dataset(
        "drift_by_session",
        (Metric("worst_drift", "Worst drift", "max(abs(drift_percent))", "drift_percent"),),
        of="drift_wide",
    ),
    Dataset(
        "causes_of_portfolios",
        (
            Metric("moved", "Moved", "abs(sum(change_points))", description="By how much drift moved, without sign."),
            *(_sum(f"{cause}_points", cause.capitalize()) for cause in ("market", "trades", "flows", "policy", "remainder")),
        ),
        of="drift_causes_daily",
    ),
    Dataset(
        "breaches_of_portfolios",
        (
            _count("breaches", "Breaches", "count(*)", "Breaches of a band or a threshold, by their first night."),
            Metric("peak", "Peak", "max(peak_distance_percent)", "peak_distance_percent"),
        ),
        day="started_on",
        of="drift_episodes",
    ),
    Dataset(
        "account_latest",
        (
            _count("accounts", "Accounts", "count(*)", "Accounts ever listed; is_listed tells those still there."),
            *(_sum(column, label) for _, label, column in _UNTIL),
            *(
                _count(f"known_{until}", f"{label}: of", f"count({column})", f"Accounts that {label} is the sum of.")
                for until, label, column in _UNTIL
            ),
        ),
        worked_out=(("account", "'…' || right(account_id, 4)"),),
    ),
    Dataset(
        "pnl_daily",
        (
            _sum("net_pnl", "Net P&L"),
            _sum("total_pnl", "P&L"),
            _sum("dividend_income", "Dividends"),
            _sum("fees_paid", "Fees"),
            _count("accounts", "Accounts", "count(distinct account_id)", "Accounts with a P&L report."),
        ),
    ),
    Dataset(
        "pnl_by_session",
        (
            Metric(
                "level_of_a_night",
                "P&L since opening",
                "case when count(total_pnl_itd) = count(*) then sum(total_pnl_itd) end",
                description="Of all accounts together; none on a night on which that of one of them is not known.",
            ),
        ),
        of="pnl_daily",
    ),
    Dataset("pnl_by_asset_class_daily", (_sum("pnl", "P&L"),)),
    Dataset(
        "pnl_by_position_daily",
        (
            _sum("realized_pnl", "Realized"),
            _sum("unrealized_pnl", "Unrealized"),
            _sum("dividend_income", "Dividends"),
        ),
    ),
)
"""Those that a dashboard shows; any other table of the file is added in Superset by its name."""
