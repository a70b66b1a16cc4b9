"""Mends a DuckDB file whose writer ended in the middle of one write: by SIGKILL, by a full disk, by a power cut.

    warehouse.duckdb that DuckDB refuses --accept one block, read everything--> a new file --> warehouse.duckdb
                                         --kept--> warehouse.duckdb.damaged-<time>

At a checkpoint DuckDB writes the blocks of its index again in place: what counts stays as it is, and new entries go into
free places. Ended in the middle of such a write, a block is new at its beginning and old at its end, and its checksum fits
neither, so that DuckDB opens the file no more, although nothing that counts has changed. DuckDB says which block that is and
what its checksum would have to be. Whether all is there is shown by reading every row of every raw table into a new file;
the blocks of the rows have checksums of their own. What dbt derives is left behind and built anew.
"""

import logging
import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipelines.errors import WarehouseUnusable
from pipelines.literal import literal
from pipelines.memory import UNBOUND, Memory

_log = logging.getLogger(__name__)
_TORN = re.compile(
    r"Corrupt database file: computed checksum (\d+) does not match stored checksum (\d+) in block at location (\d+)"
)
_BLOCKS = 8
"""Blocks that may be torn: one by a kill, a few by a power cut."""


def mend(path: Path, kept_schemas: frozenset[str], memory: Memory = UNBOUND) -> Path | None:
    """Put a file that opens in the place of a torn one, holding the tables of these schemas. Only under the lock.

    Returns where the torn file is kept; None when nothing was torn, or when it cannot be mended: then it is as it was, and
    whoever opens it next is told why it cannot be. Raises WarehouseUnusable where the disk stands in the way.
    """
    try:
        return _mend(path, kept_schemas, memory)
    except OSError as error:
        raise WarehouseUnusable(
            f"{path} was torn in the middle of a write, and mending it needs room for a second one, on a disk that can link"
            f" files; it was left as it is: {error.strerror or error}"
        ) from error


def _mend(path: Path, kept_schemas: frozenset[str], memory: Memory) -> Path | None:
    # A writer that ended well has left no log of a checkpoint in progress: other damage is none of ours.
    log = _log_of(path) if path.exists() else None
    if log is None or _opens(path):
        return None
    copy, whole = path.with_name(f"{path.name}.mending"), path.with_name(f"{path.name}.mended")
    try:
        whole.unlink(missing_ok=True)
        shutil.copyfile(path, copy)
        shutil.copyfile(log, _wal_of(copy))
        if not (_accept_torn_blocks(copy) and _copy_tables(copy, whole, kept_schemas, memory)):
            return None
        kept = _keep(path, log)
        # The log is of the torn file: beside the new one it would be read into it, a second time. A kill between these two
        # leaves the torn file, and its log beside the kept one.
        _wal_of(path).unlink(missing_ok=True)
        whole.replace(path)
    finally:
        for leftover in (copy, _wal_of(copy), whole, _wal_of(whole)):
            leftover.unlink(missing_ok=True)
    _log.warning("%s was torn in the middle of a write and is whole again; the torn file is kept as %s", path, kept)
    return kept


def _kept(path: Path) -> Path | None:
    """Where this very file is kept already, by a mending that was killed."""
    found = (kept for kept in path.parent.glob(f"{path.name}.damaged-*") if kept.suffix != ".wal")
    return next((kept for kept in found if kept.samefile(path)), None)


def _keep(path: Path, log: Path) -> Path:
    kept = _kept(path)
    if kept is None:
        kept = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S}")
        os.link(log, _wal_of(kept))
        os.link(path, kept)
    return kept


def _log_of(path: Path) -> Path | None:
    """DuckDB's write-ahead log of the file."""
    logs = [_wal_of(path), *(_wal_of(kept) for kept in [_kept(path)] if kept)]
    return next((log for log in logs if log.exists()), None)


def _wal_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.wal")


def _opens(path: Path) -> bool:
    try:
        duckdb.connect(str(path)).close()
    except duckdb.Error as error:
        return _TORN.search(str(error)) is None  # refused for another reason: not for us to touch
    return True


def _accept_torn_blocks(path: Path) -> bool:
    """Give each block that DuckDB refuses the checksum of what is in it. Returns whether the file opens then."""
    for _ in range(_BLOCKS):
        try:
            duckdb.connect(str(path)).close()
        except duckdb.Error as error:
            found = _TORN.search(str(error))
            if not found:
                return False
            computed, _, location = map(int, found.groups())
            with path.open("r+b") as file:
                file.seek(location)
                file.write(computed.to_bytes(8, "little"))
        else:
            return True
    return False


def _copy_tables(path: Path, whole: Path, schemas: frozenset[str], memory: Memory) -> bool:
    """Copy the schemas' tables into a new file, reading every row. Returns whether all could be read."""
    with duckdb.connect(str(path)) as connection:
        try:
            memory.bound(connection)
            others = connection.execute(
                "select distinct schema_name from duckdb_schemas() where database_name = current_database() and not internal"
            ).fetchall()
            for (name,) in others:
                if name not in schemas and name != "main":
                    connection.execute(f'drop schema "{name}" cascade')
            connection.execute(f"attach {literal(whole)} as whole")
            source = connection.execute("select current_database()").fetchall()[0][0]
            connection.execute(f'copy from database "{source}" to whole')
        except duckdb.Error as error:
            _log.warning("%s is torn and could not be mended: %s", path.with_suffix(""), str(error).splitlines()[0])
            return False
    return True
