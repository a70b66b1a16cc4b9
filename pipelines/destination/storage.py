"""How the warehouse's file stores what it holds: the bodies of answers compressed, and little more room than it needs.

    no file                                    --create-->   a file of storage version 1.2, made to compress bodies
    one of an older program, or mostly empty   --convert-->  the same tables in such a file, compared, put in its place

DuckDB does not compress long strings of its own accord, and they are half of what is kept; only a file of storage
version 1.2 or later can. What is in the tables is no matter of this module.
"""

import logging
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import duckdb

from pipelines.destination.durable import flush
from pipelines.literal import literal
from pipelines.memory import UNBOUND, Memory
from pipelines.schema.tables import RESPONSES

_log = logging.getLogger(__name__)
_VERSION = "v1.2.0"
_EMPTY_SHARE = 2
"""A file with so many times more empty than used room is written anew. What is built anew each night needs room twice."""
_SMALLEST = 64 * 1024**2  # bytes of empty room that are worth it

_Columns = Iterable[tuple[str, str, bool]]  # name, type, whether it may be null


def create(path: Path, dataset: str) -> None:
    """Make a new file with the one table that has to be made in a certain way; dlt takes it as it is."""
    with closing(duckdb.connect()) as connection:
        _attach(connection, path, "warehouse")
        empty = connection.from_arrow(RESPONSES.schema.empty_table())
        columns = [(name, str(kind), True) for name, kind in zip(empty.columns, empty.types, strict=True)]
        connection.execute(f"create schema warehouse.{dataset}")
        _create_responses(connection, f"warehouse.{dataset}", [*columns, ("_dlt_load_id", "varchar", False)])


def convert(path: Path, dataset: str, memory: Memory = UNBOUND, *, anyway: bool = False) -> bool:
    """Write an older or a mostly empty file anew, if it is one, or `anyway`. Under the lock, with nobody else at the file.

    The file stands as it is until the new one has been compared with it, table by table. Returns whether it was replaced; a
    file that cannot be, for want of room, is told about and left: it serves as well, and a night is worth more.
    """
    if not path.exists() or not (anyway or _is_worth_it(path)):
        return False
    copy = path.with_name(f"{path.name}.converting")
    try:
        _remove(copy)
        with closing(duckdb.connect()) as connection:
            memory.bound(connection)
            connection.execute(f"attach {literal(path)} as older; checkpoint older")
            _attach(connection, copy, "newer")
            _copy(connection, dataset)
            different = [name for name in _tables(connection, "older") if not _is_same(connection, name)]
            if different:
                _log.warning("%s was not written anew: %s came out different", path, ", ".join(different))
                return False
            connection.execute("checkpoint newer; detach newer; detach older")
        flush(copy)
        copy.replace(path)
    except (duckdb.Error, OSError) as error:
        _log.warning("%s was not written anew, and is left as it is: %s", path, str(error).splitlines()[0])
        return False
    finally:
        _remove(copy)
    return True


def _is_worth_it(path: Path) -> bool:
    with closing(duckdb.connect(str(path))) as connection:
        ((tags,),) = connection.execute("select tags from duckdb_databases() where path is not null").fetchall()
        ((block, used, free),) = connection.execute(
            "select block_size, used_blocks, free_blocks from pragma_database_size()"
        ).fetchall()
    is_older: bool = tags.get("storage_version", "") < _VERSION
    is_mostly_empty: bool = free > _EMPTY_SHARE * used and free * block > _SMALLEST
    return is_older or is_mostly_empty


def _copy(connection: duckdb.DuckDBPyConnection, dataset: str) -> None:
    """Everything of the older file into the newer one, the rows of each table in their order."""
    connection.execute("copy from database older to newer (schema)")
    columns = connection.execute(
        "select column_name, data_type, is_nullable from duckdb_columns()"
        " where database_name = 'older' and schema_name = ? and table_name = ? order by column_index",
        [dataset, RESPONSES.name],
    ).fetchall()
    if columns:
        connection.execute(f"drop table newer.{dataset}.{RESPONSES.name}")
        _create_responses(connection, f"newer.{dataset}", columns)
    for name in _tables(connection, "older"):
        connection.execute(f"insert into newer.{name} select * from older.{name}")


def _is_same(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    figures = "count(*), sum(hash(held)::hugeint)"
    (older,), (newer,) = (
        connection.execute(f"select {figures} from {side}.{name} as held").fetchall() for side in ("older", "newer")
    )
    return bool(older == newer)


def _tables(connection: duckdb.DuckDBPyConnection, database: str) -> list[str]:
    found = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = ? and not internal order by all",
        [database],
    ).fetchall()
    return [f'"{schema}"."{table}"' for schema, table in found]


def _create_responses(connection: duckdb.DuckDBPyConnection, schema: str, columns: _Columns) -> None:
    spelled = [
        f'"{name}" {kind}{"" if may_be_null else " not null"}{" using compression zstd" if name == "body" else ""}'
        for name, kind, may_be_null in columns
    ]
    connection.execute(f"create table {schema}.{RESPONSES.name} ({', '.join(spelled)})")


def _attach(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    connection.execute(f"attach {literal(path)} as {name} (storage_version '{_VERSION}')")


def _remove(path: Path) -> None:
    for leftover in (path, path.with_name(f"{path.name}.wal")):
        leftover.unlink(missing_ok=True)
