"""Marts as plain rows, and the difference between two of them in words.

Additive measures must agree to the last digit, ratios to six decimals, instants to the night they belong to where only
that is known beforehand.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Context, Decimal
from typing import Any

from helpers.lakes import Place, opened

from sandbox.world.clock import market_date

Row = dict[str, Any]
Mart = dict[tuple[Any, ...], Row]
WIDE = Context(prec=50)
SHOWN = 20
RATIOS = frozenset({"weight_percent", "relative_drift_percent", "l2_drift_percent"})
SHARES = ("_return_percent", "traded_percent")  # ratios, too
POINTS = ("market_points", "trades_points", "flows_points", "remainder_points", "return_difference_percent")
A_FEW_STEPS = Decimal("0.00001")  # differences of shares that are rounded to six decimals, and parts of parts
OF_CHANGE = Decimal("0.01")  # and such a difference as percent of a small change
HALF_A_STEP = Decimal("0.0000005000000001")  # a ratio is rounded to six decimals; the last bit of a double is forgiven
NIGHTS = frozenset({"analysis_timestamp", "first_seen_at", "known_at", "known_from", "started_at", "finished_at"})
UNCOMPARED = ("response_id", "asset_id")  # the first is checked by itself: see test_oracle.py


def ratio(left: Decimal, right: Decimal) -> Decimal | None:
    return WIDE.divide(left, right) if right else None


def root(value: Decimal) -> Decimal:
    return WIDE.sqrt(value)


@dataclass(frozen=True)
class Grain:
    """The key columns of a mart, in order."""

    mart: str
    key: tuple[str, ...]


@dataclass
class Difference:
    mart: str
    rows: int
    lines: list[str] = field(default_factory=list)
    found: int = 0

    def add(self, key: tuple[Any, ...], column: str, expected: object, got: object) -> None:
        self.found += 1
        if self.found <= SHOWN:
            shown = " ".join(str(part) for part in key)
            self.lines.append(f"  {shown}: {column}: expected {expected}, got {got}")

    def __str__(self) -> str:
        more = [f"  ... and {self.found - SHOWN} more"] if self.found > SHOWN else []
        return "\n".join([f"marts.{self.mart}: {self.found} differences in {self.rows} rows", *self.lines, *more])


def read_mart(warehouse: Place, grain: Grain) -> Mart:
    with opened(warehouse) as connection:
        cursor = connection.execute(f"select * from marts.{grain.mart}")
        names = [column[0] for column in cursor.description]
        found: Mart = {}
        for values in cursor.fetchall():
            row = {name: _plain(name, value) for name, value in zip(names, values, strict=True)}
            key = tuple(row.pop(name) for name in grain.key)
            assert key not in found, f"marts.{grain.mart}: {key} stands twice"
            found[key] = row
    return found


def _plain(name: str, value: Any) -> Any:
    if name in NIGHTS and isinstance(value, datetime):
        return market_date(value)
    return value


def differences(grain: Grain, expected: Mart, got: Mart) -> Difference:
    """Keys first, then columns, then values: the first of them that differ in each row."""
    difference = Difference(grain.mart, len(expected))
    for key in sorted(expected.keys() - got.keys(), key=_order):
        difference.add(key, "row", "one", "none")
    for key in sorted(got.keys() - expected.keys(), key=_order):
        difference.add(key, "row", "none", got[key])
    for key in sorted(expected.keys() & got.keys(), key=_order):
        for column, left, right in _unequal(expected[key], got[key]):
            difference.add(key, column, left, right)
    return difference


def _unequal(expected: Row, got: Row) -> Iterator[tuple[str, object, object]]:
    for column in sorted(name for name in expected.keys() ^ got.keys() if not name.endswith(UNCOMPARED)):
        yield column, "a column" if column in expected else "no column", "a column" if column in got else "no column"
    for column in expected.keys() & got.keys():
        if not _same(column, expected[column], got[column]):
            yield column, expected[column], got[column]


def _same(column: str, expected: Any, got: Any) -> bool:
    if expected is None or got is None:
        return expected is got
    if column in RATIOS or column.endswith(SHARES):
        return bool(abs(got - expected) <= HALF_A_STEP)
    if column.endswith("_percent_of_change"):
        return bool(abs(got - expected) <= OF_CHANGE)
    if column in POINTS:
        return bool(abs(got - expected) <= A_FEW_STEPS)
    return bool(expected == got and isinstance(expected, date) == isinstance(got, date))


def _order(key: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple(str(part) for part in key)
