"""Turns payloads into rows of the raw tables: exactly, or into quarantine, one row at a time.

    Record (table, payload, given values) --(tables.py)--> row | Quarantined, and the names of members nobody knows

Knows nothing of endpoints or HTTP; which payloads an answer holds is said in `endpoints.py`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import simplejson

from pipelines.schema.table import Table
from pipelines.schema.values import Json, Unreadable, printable

Row = dict[str, Any]
_UNPACKED = 500
"""Rows of a table that are held as they were read."""


class Rows:
    """Rows of one table, in order: the newest as they were read, the others as Arrow, which takes a fifth of the memory."""

    def __init__(self, table: Table, rows: Iterable[Row] = ()) -> None:
        self._schema = table.schema
        self._newest: list[Row] = []
        self._packed: list[pa.RecordBatch] = []
        for row in rows:
            self.add(row)

    def __len__(self) -> int:
        return sum(map(len, self._packed)) + len(self._newest)

    def add(self, row: Row) -> None:
        """Add one row."""
        self._newest.append(row)
        if len(self._newest) == _UNPACKED:
            self._pack()

    def take(self, other: "Rows") -> None:
        """Take the rows of another, after one's own."""
        if other._packed:
            if self._newest:
                self._pack()
            self._packed += other._packed
        self._newest += other._newest
        if len(self._newest) >= _UNPACKED:
            self._pack()

    def arrow(self) -> pa.Table:
        """All rows as Arrow."""
        if self._newest:
            self._pack()
        return pa.Table.from_batches(self._packed, schema=self._schema)

    def _pack(self) -> None:
        self._packed.append(pa.RecordBatch.from_pylist(self._newest, schema=self._schema))
        self._newest = []


@dataclass(frozen=True)
class Record:
    """One payload on its way into one table, with the values that the payload itself does not hold."""

    table: Table
    payload: Json
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Quarantined:
    """A payload that cannot be read exactly: the field in the way, its value, and why."""

    table: Table
    field: str
    value: Json
    reason: str
    payload: Json

    def row(self) -> Row:
        """The row of raw.quarantine, without the columns that say which request it came from."""
        return {
            "table_name": self.table.name,
            "field": self.field,
            "value": as_json(self.value),
            "reason": self.reason,
            "payload": as_json(self.payload),
        }


def read(record: Record) -> Row | Quarantined:
    """Read one record; the first field that cannot be read exactly quarantines it."""
    table, payload, given = record.table, record.payload, record.given
    if not isinstance(payload, dict):
        return Quarantined(table, "", payload, "expected an object", payload)
    row: Row = {}
    has_member = False
    for column in table.columns:
        raw: Json = None
        try:
            if column.path is None:
                raw = given.get(column.name)
                # A given value was read before it was given, but for the names of a map, which are text of Bluum's.
                value = column.kind.read(raw) if isinstance(raw, str) else raw
            else:
                raw = _at(payload, column.names)
                value = None if raw is None else column.kind.read(raw)
                has_member = has_member or value is not None
        except Unreadable as error:
            return Quarantined(table, column.path or column.name, raw, str(error), payload)
        if column.required and (value is None or (value == "" and column.path)):  # the name of a map's member may be empty
            return Quarantined(table, column.path or column.name, None, "missing, and no row can do without it", payload)
        row[column.name] = value
    if not has_member and not any(isinstance(payload.get(name), list | dict) for name in table.elsewhere):
        return Quarantined(table, "", payload, "no member that this table knows", payload)
    return row


def new_members(record: Record) -> Iterator[str]:
    """Dotted names of the payload's members that neither a column nor `elsewhere` knows."""
    payload, known = record.payload, record.table.members
    if isinstance(payload, dict) and not payload.keys() <= known:
        yield from map(printable, _unknown(payload, known, ""))


def _unknown(payload: dict[str, Any], known: frozenset[str], prefix: str) -> Iterator[str]:
    for name, value in payload.items():
        path = prefix + name
        if path in known:
            continue
        if (value is None or isinstance(value, dict)) and any(other.startswith(path + ".") for other in known):
            yield from _unknown(value or {}, known, path + ".")
        else:
            yield path


def _at(payload: dict[str, Any], names: tuple[str, ...]) -> Json:
    value: Json = payload
    for name in names:
        if value is None:
            return None
        if not isinstance(value, dict):
            raise Unreadable(f"expected an object around {name!r}")
        value = value.get(name)
    return value


def as_json(value: Json) -> str:
    """Any parsed JSON value as JSON text again, every digit kept."""
    return simplejson.dumps(value, use_decimal=True, ensure_ascii=True, separators=(",", ":"))
