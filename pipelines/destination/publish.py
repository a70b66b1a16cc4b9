"""The published file: the marts alone, built aside and swapped in whole, so that readers never meet the writer.

    marts.* in warehouse.duckdb --copy--> bi.duckdb.building --os.replace--> bi.duckdb

Plain tables and table macros are copied, in a storage version that DuckDB 1.1 opens. A reader keeps the file it opened;
the next one to connect gets the new night. What a mart holds is decided in sql/.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb

from pipelines.errors import NotPublished
from pipelines.settings import Settings

STORAGE_VERSION = "v1.0.0"
"""What the readers' file is written as: any DuckDB from 1.0 on opens it."""


def publish(settings: Settings, run_id: str) -> Mapping[str, int]:
    """Copy the marts to bi.duckdb and swap it in. Returns rows per table.

    Raises NotPublished if anything fails; the old file stays whole then.
    """
    try:
        rows = _build(settings, run_id)
        _swap(settings)
    except (duckdb.Error, OSError) as error:
        reason = str(error).splitlines()[0]
        raise NotPublished(f"{settings.bi} is as it was, the marts could not be published: {reason}") from error
    return rows


def _building(settings: Settings) -> Path:
    return settings.bi.with_name(settings.bi.name + ".building")


def _build(settings: Settings, run_id: str) -> Mapping[str, int]:
    building = _building(settings)
    for leftover in (building, building.with_name(building.name + ".wal")):
        leftover.unlink(missing_ok=True)  # of a publish that was killed
    with duckdb.connect() as connection:
        connection.execute(f"attach {_text(settings.warehouse)} as warehouse (read_only)")
        connection.execute(f"attach {_text(building)} as bi (storage_version '{STORAGE_VERSION}')")
        connection.execute("create schema bi.marts")
        rows = {table: _copy(connection, table, comment) for table, comment in _marts(connection)}
        _copy_macros(connection)
        _write_manifest(connection, run_id, rows)
        connection.execute("detach bi")
    return rows


def _swap(settings: Settings) -> None:
    building, mode = _building(settings), int(settings.bi_file_mode, 8)
    building.chmod(mode)
    if mode & 0o077:
        settings.bi.parent.chmod(0o711)  # others may pass through the folder to the one file, and see nothing else
    _flush(building)
    os.replace(building, settings.bi)
    _flush(settings.bi.parent)


def _marts(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str | None]]:
    tables: list[tuple[str, str | None]] = connection.execute(
        """
        select table_name, comment from duckdb_tables()
        where database_name = 'warehouse' and schema_name = 'marts' order by table_name
        """
    ).fetchall()
    return tables


def _copy(connection: duckdb.DuckDBPyConnection, table: str, comment: str | None) -> int:
    connection.execute(f'create table bi.marts."{table}" as from warehouse.marts."{table}"')
    if comment:
        connection.execute(f'comment on table bi.marts."{table}" is {_text(comment)}')
    columns = connection.execute(
        """
        select column_name, comment from duckdb_columns()
        where database_name = 'warehouse' and schema_name = 'marts' and table_name = ? and comment is not null
        """,
        [table],
    ).fetchall()
    for column, description in columns:
        connection.execute(f'comment on column bi.marts."{table}"."{column}" is {_text(description)}')
    return int(connection.execute(f'select count(*) from bi.marts."{table}"').fetchall()[0][0])


def _copy_macros(connection: duckdb.DuckDBPyConnection) -> None:
    """The questions that take a parameter, such as pnl_daily_as_of(instant); they name tables of marts only."""
    macros = connection.execute(
        """
        select function_name, parameters, macro_definition from duckdb_functions()
        where database_name = 'warehouse' and schema_name = 'marts' and function_type = 'table_macro'
        order by function_oid  -- as they were made: one may ask another
        """
    ).fetchall()
    connection.execute("use bi")
    for name, parameters, definition in macros:
        connection.execute(f'create macro bi.marts."{name}"({", ".join(parameters)}) as table {definition}')
    connection.execute("use memory")


def _write_manifest(connection: duckdb.DuckDBPyConnection, run_id: str, rows: Mapping[str, int]) -> None:
    """One row per table, so that a reader can check that what it sees is what was published."""
    connection.execute(
        """
        create table bi.marts.manifest (
            run_id varchar, as_of_date date, published_at timestamptz, program_version varchar,
            table_name varchar, row_count bigint
        )
        """
    )
    night = connection.execute("select max(as_of_date) from bi.marts.sync_coverage_daily").fetchall()[0][0]
    now, program = datetime.now(UTC), version("bluum-warehouse")
    values = [(run_id, night, now, program, table, count) for table, count in rows.items()]
    if values:
        connection.executemany("insert into bi.marts.manifest values (?, ?, ?, ?, ?, ?)", values)
    connection.execute("comment on table bi.marts.manifest is 'What was published, by which run: one row per table.'")


def _text(value: object) -> str:
    """A SQL text literal: ATTACH and COMMENT take no parameters."""
    return "'" + str(value).replace("'", "''") + "'"


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
