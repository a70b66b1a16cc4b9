"""The marts as Parquet files with a manifest, for tools that have no driver for DuckDB.

    bi.duckdb --> .export.<random>/ (a file for each table and view, manifest.json) --swapped in whole--> export/

All files are of one night: they are read from the file as it was opened, whatever is published meanwhile. Decimals keep
their digits. An export that is killed leaves its hidden folder, which no other one touches. What the tables hold is decided
in sql/.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import BluumError
from pipelines.literal import literal
from reading.marts import Marts

MANIFEST = "manifest.json"
_FORMAT = "bluum marts as parquet, 1"
"""Says in the manifest that a folder is an export, which the next one may replace."""


class NotExported(BluumError):
    """The export could not be written; the one before is as it was."""


@dataclass(frozen=True)
class Column:
    """A column as bi.duckdb describes it."""

    name: str
    type: str
    is_nullable: bool
    description: str


@dataclass(frozen=True)
class Exported:
    """A file of the export, and the table or view it was made of."""

    table: str
    kind: str
    file: str
    rows: int
    bytes: int
    sha256: str
    description: str
    columns: list[Column]


def export(marts: Marts, to: Path, mode: int = 0o600) -> list[Exported]:
    """Write all tables and views into a folder, and swap it in for the export that stands there.

    `mode` is the permissions of the files; who may read them may enter the folder and list it. Raises NothingPublished,
    NotExported.
    """
    folder = to.expanduser().resolve()
    _refuse_what_is_no_export(folder)
    with marts.open() as connection, _beside(folder, mode) as building:
        exported = [_write(connection, building, *described) for described in _described(connection)]
        newest = "select as_of_date::varchar, run_id, published_at::varchar, program_version from marts.manifest limit 1"
        told = connection.execute(newest).fetchone() or (None,) * 4
        about = dict(zip(("night", "run", "published_at", "program_version"), told, strict=True))
        manifest = {"format": _FORMAT, **about, "tables": [asdict(file) for file in exported]}
        (building / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return exported


def _described(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str, str, str, list[Column]]]:
    """Schema, name, kind, description and columns of all that is published."""
    columns: dict[int, list[Column]] = {}
    for table, *told in connection.execute(
        "select table_oid, column_name, data_type, is_nullable, coalesce(comment, '')"
        " from duckdb_columns() where database_name = 'bi' and not internal and schema_name in ('marts', 'audit')"
        " order by table_oid, column_index"
    ).fetchall():
        columns.setdefault(table, []).append(Column(*told))
    found = connection.execute(
        "select schema_name, table_name, 'table', coalesce(comment, ''), table_oid"
        " from duckdb_tables() where database_name = 'bi' and schema_name in ('marts', 'audit') union all"
        " select schema_name, view_name, 'view', coalesce(comment, ''), view_oid"
        " from duckdb_views() where database_name = 'bi' and not internal and schema_name in ('marts', 'audit') order by all"
    ).fetchall()
    for schema, name, kind, description, oid in found:
        yield schema, name, kind, description, columns[oid]


def _write(
    connection: duckdb.DuckDBPyConnection, folder: Path, schema: str, name: str, kind: str, about: str, columns: list[Column]
) -> Exported:
    path = folder / f"{schema}.{name}.parquet"
    copied = f'copy (from bi."{schema}"."{name}") to {literal(path)} (format parquet, compression zstd)'
    ((rows,),) = connection.execute(copied).fetchall()
    with path.open("rb") as written:
        digest = file_digest(written, "sha256").hexdigest()
    return Exported(f"{schema}.{name}", kind, path.name, rows, path.stat().st_size, digest, about, columns)


def _refuse_what_is_no_export(folder: Path) -> None:
    """An export replaces what stands in its place: never anything but an export, and all of it. Raises NotExported."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    try:
        told: Any = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        is_export, listed = told["format"] == _FORMAT, {MANIFEST, *(table["file"] for table in told["tables"])}
    except (OSError, ValueError, KeyError, TypeError):
        is_export, listed = False, set()
    if not is_export:
        raise NotExported(f"{folder} is there and is no export of the marts; nothing was written: name another folder")
    if strangers := {path.name for path in folder.iterdir()} - listed:
        raise NotExported(
            f"{folder} holds {min(strangers)}, which is not of the export that stands there and would be lost; nothing was "
            "written: move it, or name another folder"
        )


@contextmanager
def _beside(folder: Path, mode: int) -> Iterator[Path]:
    """A folder to fill, which takes the place of this one when all went well. Raises NotExported when not."""
    building = before = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        building = _hidden(folder)
        yield building
        for path in building.iterdir():
            path.chmod(mode)
        building.chmod(0o700 | mode >> 2 & 0o111 | mode & 0o044)
        if folder.exists():
            before = _hidden(folder)
            os.replace(folder, before)
        os.replace(building, folder)
    except (OSError, duckdb.Error) as error:
        if before and not folder.exists():
            os.replace(before, folder)
        reason = str(error).splitlines()[0]
        raise NotExported(f"{folder} is as it was, the marts could not be exported: {reason}") from error
    finally:
        for rest in (building, before):
            if rest:
                shutil.rmtree(rest, ignore_errors=True)


def _hidden(folder: Path) -> Path:
    """An empty folder beside this one, under a name that nobody else has."""
    return Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
