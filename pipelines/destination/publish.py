"""The published file: marts and audit alone, brought up to date aside and swapped in whole: readers never meet the writer.

    bi.duckdb --copy--> bi.duckdb.building <--what differs-- marts.*, audit.* in warehouse.duckdb
                        bi.duckdb.building --os.replace--> bi.duckdb

What differs is found by comparing all rows, night by night: nothing has to be known of what was published before. Where
there is no last file, or it is damaged or has other tables or views, one is made anew, in a storage version that DuckDB 1.1
opens. A reader keeps the file it opened; the next one to connect gets the new night. What a mart holds is decided in sql/.
"""

import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from pipelines.destination import catalog
from pipelines.destination.catalog import Name
from pipelines.destination.durable import flush
from pipelines.destination.manifest import write_manifest
from pipelines.destination.publish_lake import publish_lake
from pipelines.errors import NotPublished
from pipelines.literal import literal
from pipelines.settings import Settings

_log = logging.getLogger(__name__)
STORAGE_VERSION = "v1.0.0"
"""What the readers' file is written as. DuckDB opens it from 1.1 on: 1.0 stumbles over views whose columns are described."""
_NIGHTS = ("as_of_date", "period_end")
"""The columns by which a table is compared and replaced piece by piece: the first that it has."""
_MOST_FREE = 0.5
"""A file with more room free than this share of what is in use is made anew: what is replaced leaves room behind."""


def publish(settings: Settings, run_id: str, *, anew: bool = False) -> Mapping[str, int]:
    """Bring bi.duckdb up to date with the marts, or make it anew, and swap it in; or show a lake's readers what it now has.

    Returns rows per table, by schema.table. Raises NotPublished if anything fails; what was published stays whole then.
    """
    if settings.lake:
        return publish_lake(settings.lake, run_id)
    try:
        rows = _build(settings, run_id, anew)
        _swap(settings)
    except (duckdb.Error, OSError) as error:
        reason = str(error).splitlines()[0]
        with suppress(OSError):  # which must not hide what went wrong; else the next publish does it
            _remove(_building(settings))
        raise NotPublished(f"{settings.bi} is as it was, the marts could not be published: {reason}") from error
    return rows


def _building(settings: Settings) -> Path:
    return settings.bi.with_name(settings.bi.name + ".building")


def _build(settings: Settings, run_id: str, anew: bool) -> Mapping[str, int]:
    building = _building(settings)
    _remove(building)  # of a publish that was killed
    if settings.bi.exists() and not anew:
        shutil.copyfile(settings.bi, building)
        try:
            with _both(settings) as connection:
                if _has_what_is_needed(connection):
                    return _bring_up_to_date(connection, run_id)
        except duckdb.Error as error:
            _log.warning("%s could not be used again and is made anew: %s", settings.bi, str(error).splitlines()[0])
        _remove(building)
    with _both(settings) as connection:
        _make_empty(connection)
        return _bring_up_to_date(connection, run_id)


@contextmanager
def _both(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, to read, and the file that is being built."""
    with duckdb.connect() as connection:
        settings.memory.bound(connection)
        connection.execute(f"attach {literal(settings.warehouse_file)} as warehouse (read_only)")
        connection.execute(f"attach {literal(_building(settings))} as bi (storage_version '{STORAGE_VERSION}')")
        yield connection
        connection.execute("detach bi")


def _bring_up_to_date(connection: duckdb.DuckDBPyConnection, run_id: str) -> Mapping[str, int]:
    rows = {
        catalog.dotted(table): _copy_what_differs(connection, table)
        for table in catalog.described(connection, "warehouse", "table")
    }
    _copy_questions(connection)
    write_manifest(connection, run_id, rows)
    return rows


def _remove(path: Path) -> None:
    for leftover in (path, path.with_name(path.name + ".wal")):
        leftover.unlink(missing_ok=True)


def _swap(settings: Settings) -> None:
    building, mode = _building(settings), int(settings.bi_file_mode, 8)
    building.chmod(mode)
    if mode & 0o077:
        settings.bi.parent.chmod(0o711)  # others may pass through the folder to the one file, and see nothing else
    flush(building)
    os.replace(building, settings.bi)
    flush(settings.bi.parent)


def _has_what_is_needed(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the copy of the last file has the tables, keys and views of today, no other macros, and little unused room."""
    query = "select free_blocks > used_blocks * $1 from pragma_database_size() where database_name = 'bi'"
    ((is_mostly_free,),) = connection.execute(query, [_MOST_FREE]).fetchall()
    asked, there = ({name for name, *_ in catalog.macros(connection, database)} for database in ("warehouse", "bi"))
    shapes = [
        [catalog.keys(connection, file), *(catalog.described(connection, file, kind) for kind in ("table", "view"))]
        for file in ("warehouse", "bi")
    ]
    return shapes[0] == shapes[1] and asked == there and not is_mostly_free


def _make_empty(connection: duckdb.DuckDBPyConnection) -> None:
    """The tables of the warehouse without a row, with their types, keys and descriptions."""
    keys = catalog.keys(connection, "warehouse")
    for schema in catalog.SCHEMAS:
        connection.execute(f"create schema bi.{schema}")
    for table, described in catalog.described(connection, "warehouse", "table").items():
        _, columns = described
        parts = [f'"{name}" {kind}{"" if may_be_null else " not null"}' for name, kind, _, may_be_null in columns]
        parts += [f"primary key ({', '.join(key)})" for key in keys.get(table, ())]
        connection.execute(f"create table bi.{catalog.quoted(table)} ({', '.join(parts)})")
        _describe(connection, "table", table, described)


def _describe(connection: duckdb.DuckDBPyConnection, kind: str, name: Name, told: Any) -> None:
    comment, columns = told
    catalog.describe(connection, kind, name, comment)
    for column, _, description, _ in columns:
        if description:
            connection.execute(f'comment on column bi.{catalog.quoted(name)}."{column}" is {literal(description)}')


def _copy_what_differs(connection: duckdb.DuckDBPyConnection, table: Name) -> int:
    """Replace the nights of which the two files hold other rows; of a table without nights, all. Returns its rows."""
    here, there = (f"{database}.{catalog.quoted(table)}" for database in ("warehouse", "bi"))
    names = [column[0] for column in connection.execute(f"describe {here}").fetchall()]
    night = next((name for name in _NIGHTS if name in names), "null::date")
    digests = f"select {night} as night, count(*) as number, sum(hash(held)::hugeint) as digest from %s as held group by all"
    connection.execute(
        f"""
        create or replace temporary table different as
        select distinct night from ((({digests % here}) except ({digests % there})) union all
            (({digests % there}) except ({digests % here})))
        """
    )
    for statement in (f"delete from {there}", f"insert into {there} from {here}"):
        connection.execute(f"{statement} where exists (from different where night is not distinct from {night})")
    return int(connection.execute(f"select count(*) from {there}").fetchall()[0][0])


def _copy_questions(connection: duckdb.DuckDBPyConnection) -> None:
    """The views, then the macros, which may ask them."""
    connection.execute("use bi")  # what they name is looked up where they are made
    described = catalog.described(connection, "warehouse", "view")
    for view, query in catalog.views(connection, "warehouse").items():
        connection.execute(f"create or replace view bi.{catalog.quoted(view)} as {query}")
        _describe(connection, "view", view, described[view])
    for name, parameters, definition in catalog.macros(connection, "warehouse"):
        connection.execute(f'create or replace macro bi.marts."{name}"({", ".join(parameters)}) as table {definition}')
    connection.execute("use memory")
