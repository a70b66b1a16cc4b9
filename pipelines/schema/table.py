"""What a raw table is: columns with a type, a name and a place in the payload, and what follows from them for Arrow and dlt.

Which tables there are is said in `tables.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from pipelines.schema.values import DATE, TEXT, Kind


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


def given(name: str, kind: Kind = TEXT) -> Column:
    """A column whose value the reader gives, always."""
    return Column(name, kind, None, required=True)


def fields(kind: Kind, *names: str, under: str = "") -> Iterable[Column]:
    """Columns of one kind, named as the payload's members; `under`: of that member of it."""
    return (Column(name, kind, f"{under}.{name}" if under else name) for name in names)
