"""Moves a warehouse from a file to a lake, or back: every raw table, compared column by column, in one transaction.

    source: raw.* --copied, counted, checksummed--> target: raw.*

Rows of loads that never were committed stay behind: a file has such until the next sweep, and nobody sweeps them from a
lake. The source stays as it is. What dbt derives is built anew where the warehouse now is, which whoever calls this sees to.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from pipelines.destination.lake_store import line
from pipelines.destination.warehouse import Warehouse
from pipelines.errors import BluumError
from pipelines.lake import closing, connect
from pipelines.schema.tables import RESPONSES


class NotMoved(BluumError):
    """A warehouse could not be moved: it is where it was, and the other place holds nothing of it."""


@dataclass(frozen=True)
class Column:
    """A column as both places have to have it."""

    name: str
    type: str
    is_nullable: bool


def move(source: Warehouse, target: Warehouse) -> Mapping[str, int]:
    """Copy all raw tables to a warehouse that holds nothing yet. Returns rows per table.

    Only under the locks of both. Raises NotMoved.
    """
    loads, there = source.committed_loads(), set(target.committed_loads())
    if not loads:
        raise NotMoved(f"{source.store} holds no answer yet: there is nothing to move")
    if there:
        remedy = _remedy(source, len(there.intersection(loads)), len(loads))
        raise NotMoved(f"{target.store} holds answers already; nothing was moved, and both are as they were: {remedy}")
    try:
        with closing(connect()) as connection:
            source.store.attach(connection, "source", source.dataset, read_only=True)
            target.store.attach(connection, "target", target.dataset)
            connection.execute("begin")
            rows = _copy(connection, f"source.{source.dataset}", f"target.{target.dataset}")
            connection.execute("commit")
    except (duckdb.Error, OSError) as error:
        raise NotMoved(f"{source.store} is as it was, and could not be moved to {target.store}: {line(error)}") from error
    return rows


def _remedy(source: Warehouse, held: int, of: int) -> str:
    """What to do where the target holds so many loads of the source's."""
    if held == of:  # a move has brought them there, and was ended before it had built the models
        return f"all that is in {source.store} is there, so change the setting and go on there"
    return f"{of - held} of the {of} loads of {source.store} are not there, so move away first what is"


def _copy(connection: duckdb.DuckDBPyConnection, source: str, target: str) -> Mapping[str, int]:
    """Copy and compare each table, all in the caller's transaction. Raises NotMoved if one came out different."""
    connection.execute(f"create schema if not exists {target}")
    rows: dict[str, int] = {}
    for name, columns in _tables(connection, source).items():
        there, here = f'{source}."{name}"{_that_count(columns, source)}', f'{target}."{name}"'
        spelled = [f'"{column.name}" {column.type}{"" if column.is_nullable else " not null"}' for column in columns]
        connection.execute(f"create table if not exists {here} ({', '.join(spelled)})")
        # Which load came first is told by the order of rows, and so is what was asked first; of responses, by their ids.
        order = "" if name == RESPONSES.name else " order by rowid"
        connection.execute(f"insert into {here} by name select * from {there}{order}")
        rows[name] = _compare(connection, name, columns, there, here)
    return rows


def _that_count(columns: list[Column], source: str) -> str:
    """Which rows of a table count: all of one that no load fills."""
    is_loaded = any(column.name == "_dlt_load_id" for column in columns)
    return f" where _dlt_load_id in (select load_id from {source}._dlt_loads where status = 0)" if is_loaded else ""


def _tables(connection: duckdb.DuckDBPyConnection, source: str) -> Mapping[str, list[Column]]:
    """The raw tables and dlt's list of loads; what else dlt keeps there of its own it makes anew."""
    found = connection.execute(
        """
        select table_name, column_name, data_type, is_nullable from duckdb_columns()
        where database_name || '.' || schema_name = ? and (table_name = '_dlt_loads' or not starts_with(table_name, '_dlt_'))
        order by table_name, column_index
        """,
        [source],
    ).fetchall()
    tables: dict[str, list[Column]] = {}
    for table, *column in found:
        tables.setdefault(table, []).append(Column(*column))
    return tables


def _compare(connection: duckdb.DuckDBPyConnection, name: str, columns: list[Column], there: str, here: str) -> int:
    sums = ", ".join(f'sum(hash("{column.name}")::hugeint)' for column in columns)
    (before,), (after,) = (connection.execute(f"select count(*), {sums} from {table}").fetchall() for table in (there, here))
    if before[0] != after[0]:
        raise NotMoved(f"of {before[0]} rows of {name}, {after[0]} came over; nothing was moved")
    for column, old, new in zip(columns, before[1:], after[1:], strict=True):
        if old != new:
            raise NotMoved(f"the column {column.name} of {name} came out different; nothing was moved")
    return int(after[0])
