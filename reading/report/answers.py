"""What pages are made of: the named questions asked once for many accounts, and cut by account and portfolio.

Cuts and hands on; computes nothing, and knows nothing of how a page looks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from reading.marts import Marts
from reading.report.charts import Series

Row = dict[str, Any]
OF_ACCOUNTS = (
    "pnl_classes_tonight",
    "pnl_symbols_tonight",
    "month_bridge",
    "pnl_of_months",
    "restatements_newest",
    "positions_tonight",
    "worth_tonight",
    "evidence_tonight",
    "policy_history",
    "portfolios_tonight",
)
OF_PORTFOLIOS = ("classes_tonight", "why_drift_moved", "breaches", "trades_recommended")
SERIES = {"earned_by_night": "account_id", "worth_by_night": "account_id", "drift_by_night": "portfolio_id"}


@dataclass
class Answers:
    """The answers about some accounts: rows and series by question and by what they are about."""

    accounts: list[Row]
    rows: dict[str, dict[str, list[Row]]]
    series: dict[str, dict[str, dict[str, Series]]]

    @classmethod
    def ask(cls, marts: Marts, account_ids: list[str], since: date) -> "Answers":
        """Ask everything about these accounts; of series, the nights from `since` on."""
        rows = {name: _by(marts.ask(name, account_ids=account_ids).rows(), "account_id") for name in OF_ACCOUNTS}
        for name in OF_PORTFOLIOS:
            rows[name] = _by(marts.ask(name, account_ids=account_ids).rows(), "portfolio_id")
        followed = marts.ask("trades_followed", account_ids=account_ids, since=since)
        rows["trades_followed"] = _by(followed.rows(), "portfolio_id")
        series = {}
        for name, key in SERIES.items():
            series[name] = cut(marts.ask(name, account_ids=account_ids, since=since).arrow(), key)
        return cls(marts.ask("accounts_tonight", account_ids=account_ids).rows(), rows, series)

    def about(self, name: str, identity: str) -> list[Row]:
        """The rows of a question that are about an account or a portfolio."""
        return self.rows[name].get(identity, [])

    def nights(self, name: str, identity: str) -> dict[str, Series]:
        """The series of a question that are about it: by asset class, or one by the name ""."""
        return self.series[name].get(identity, {})


def _by(rows: list[Row], key: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row[key], []).append(row)
    return found


def cut(table: pa.Table, key: str) -> dict[str, dict[str, Series]]:
    """A table that is sorted by who and class, cut into the columns of each."""
    inner = "asset_class" if "asset_class" in table.column_names else None
    found: dict[str, dict[str, Series]] = {}
    columns = [name for name in table.column_names if name not in (key, inner)]
    for start, end in _stretches(table, [key, *([inner] if inner else [])]):
        part = table.slice(start, end - start)
        who, what = part[key][0].as_py(), part[inner][0].as_py() if inner else ""
        found.setdefault(who, {})[what] = {name: _values(part[name]) for name in columns}
    return found


def _stretches(table: pa.Table, keys: list[str]) -> Iterator[tuple[int, int]]:
    """Where each stretch of rows with one key begins and ends."""
    if table.num_rows:
        ends = {end for key in keys for end in pc.run_end_encode(table[key].combine_chunks()).run_ends.to_pylist()}
        yield from pairwise([0, *sorted(ends)])


def _values(column: pa.ChunkedArray) -> list[Any]:
    """A column as a list; in one of floats, what is not known is nan, which every comparison leaves out."""
    if pa.types.is_floating(column.type):
        return list(column.to_numpy().tolist())
    return list(column.to_pylist())
