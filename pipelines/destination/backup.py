"""A copy of the warehouse that can be trusted, and its way back: whole, compared row by row, and put in place in one step.

    warehouse.duckdb (and its log) --copy, compare--> a file --restore: copy, compare--> warehouse.duckdb

A file is copied and not written anew: so the copy has the order of its rows, which says which load came first. A lake's
backup is a file, too, to which its raw tables are moved (`move.py`). What can be made again is in no backup.
"""

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path

import duckdb

from pipelines.destination.durable import flush
from pipelines.destination.file_store import FileStore
from pipelines.destination.move import move
from pipelines.destination.warehouse import Warehouse
from pipelines.errors import BluumError
from pipelines.literal import literal
from pipelines.memory import Memory


class NotCopied(BluumError):
    """A backup could not be made, or not be put back; what was there is as it was."""


@dataclass(frozen=True)
class Copied:
    """What a copy holds."""

    tables: int
    rows: int
    night: date | None  # the newest that anything was landed for


def back_up(warehouse: Warehouse, to: Path) -> Copied:
    """Copy the warehouse to a file that is not there yet. Only under the lock. Raises NotCopied, NotMoved."""
    if not warehouse.store.exists():
        raise NotCopied(f"{warehouse.store} is not there: there is nothing to back up")
    if to.exists():
        raise NotCopied(f"{to} is there already and was not touched: name another file")
    if not to.absolute().parent.is_dir():
        raise NotCopied(f"there is no folder {to.absolute().parent}; nothing was copied")
    if isinstance(warehouse.store, FileStore):
        return _copy(warehouse, warehouse.store.path, to, warehouse.store.memory)
    with _aside(warehouse, warehouse.store, to) as copy:
        rows = move(warehouse, Warehouse(copy, warehouse.dataset))
    return Copied(len(rows), sum(rows.values()), warehouse.newest_night())


def restore(source: Path, warehouse: Warehouse) -> Copied:
    """Put a backup in the place of a warehouse that is gone. Only under the lock. Raises NotCopied, NotMoved."""
    if not source.is_file():
        raise NotCopied(f"there is no backup {source}; nothing was done")
    if not isinstance(warehouse.store, FileStore):
        rows = move(Warehouse(FileStore(source, read_only=True), warehouse.dataset), warehouse)
        return Copied(len(rows), sum(rows.values()), warehouse.newest_night())
    path = warehouse.store.path
    for there in (path, _log_of(path)):
        if there.exists():
            raise NotCopied(f"{there} is there and was not touched: move it away, then restore")
    return _copy(warehouse, source, path, warehouse.store.memory)


def _copy(warehouse: Warehouse, source: Path, to: Path, memory: Memory) -> Copied:
    with _aside(warehouse, source, to) as copy:
        shutil.copyfile(source, copy)
        if (log := _log_of(source)).exists():
            shutil.copyfile(log, _log_of(copy))
        duckdb.connect(str(copy)).close()  # takes what the log holds into the file
        return _compare(source, copy, warehouse.dataset, memory)


def _compare(source: Path, copy: Path, dataset: str, memory: Memory) -> Copied:
    """Read every row of both. Raises NotCopied if they differ, or are no warehouse."""
    with duckdb.connect() as connection:
        memory.bound(connection)
        for name, path in (("source", source), ("copy", copy)):
            connection.execute(f"attach {literal(path)} as {name} (read_only)")
        held, found = (_figures(connection, name) for name in ("source", "copy"))
        if held != found:
            raise NotCopied(f"{copy} was compared with {source} and is not the same; it was deleted")
        if f"{dataset}._dlt_loads" not in held or f"{dataset}.responses" not in held:
            raise NotCopied(f"{source} is no warehouse of this program: it has no {dataset}.responses; nothing was done")
        ((night,),) = connection.execute(f"select max(as_of_date) from copy.{dataset}.responses").fetchall()
    return Copied(len(held), sum(rows for rows, _ in held.values()), night)


def _figures(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, tuple[int, int | None]]:
    """Of each table how many rows it has, and the sum of their hashes."""
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = ? and not internal", [database]
    ).fetchall()
    figures = {}
    for schema, table in tables:
        of_it = f'select count(*), sum(hash(held)::hugeint) from {database}."{schema}"."{table}" as held'
        ((rows, digest),) = connection.execute(of_it).fetchall()
        figures[f"{schema}.{table}"] = (rows, digest)
    return figures


@contextmanager
def _aside(warehouse: Warehouse, source: object, to: Path) -> Iterator[Path]:
    """A file to fill that takes its name when all went well; no half copy is left, nor one of a command that was killed."""
    # One name for all backups of a warehouse, whose lock is held: the next one finds what a kill has left. Others that copy
    # into the same folder meanwhile have another one.
    whose = sha256(f"{socket.gethostname()} {warehouse.store}".encode()).hexdigest()[:8]
    copy = to.with_name(f".warehouse-{whose}.copying")
    leftovers = (copy, _log_of(copy))
    try:
        for leftover in leftovers:
            leftover.unlink(missing_ok=True)
        yield copy
        copy.chmod(0o600)
        flush(copy)
        os.replace(copy, to)
        flush(to.absolute().parent)
    except (duckdb.Error, OSError) as error:
        raise NotCopied(f"{source} could not be copied, {to} was not made: {str(error).splitlines()[0]}") from error
    finally:
        for leftover in leftovers:
            leftover.unlink(missing_ok=True)


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.wal")
