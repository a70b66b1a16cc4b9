"""The warehouse in a lake, which DuckDB itself loads: one transaction for all tables of a batch.

    Batch --Arrow--> one transaction --> raw.* and _dlt_loads, in the lake

dlt's own destinations commit per table, and each commit is a snapshot and some files of a lake: a package takes seconds
there, and a kill leaves part of it. Here a load is whole or not there, so that nothing has to be swept; it is noted in
`_dlt_loads` all the same, by which the models count rows. Where the lake is, is `pipelines/lake.py`.
"""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile

import duckdb
import pyarrow as pa
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

from pipelines.api.parse import Batch
from pipelines.destination.lake_lock import is_made, make_sure, may_write
from pipelines.destination.upkeep import let_go, rewrite
from pipelines.errors import WarehouseUnusable
from pipelines.lake import ALIAS, Lake, closing, connect
from pipelines.schema.table import Table

_log = logging.getLogger(__name__)
LOADS = pa.schema(
    [
        pa.field("load_id", pa.string(), nullable=False),
        pa.field("schema_name", pa.string()),
        pa.field("status", pa.int64(), nullable=False),
        pa.field("inserted_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("schema_version_hash", pa.string()),
    ]
)
"""`_dlt_loads`, as dlt makes it in a file."""


class LakeStore:
    """A lake. One process at a time may write to it: see `lake_lock.py`."""

    loads_are_whole = True
    building: Mapping[str, str] = {"marts": "marts_next", "audit": "audit_next"}

    def __init__(self, lake: Lake, patience: float = 90) -> None:
        self.lake = lake
        self.patience = patience  # seconds for which a load is tried again: catalogs and buckets have bad moments
        self._root: duckdb.DuckDBPyConnection | None = None

    def __str__(self) -> str:
        return str(self.lake)

    def exists(self) -> bool:
        return self._root is not None or is_made(self.lake)  # to open it makes it

    def open(self) -> duckdb.DuckDBPyConnection:
        try:
            return self._cursor()
        except (duckdb.Error, OSError) as error:
            raise WarehouseUnusable(f"{self} cannot be opened, and was left as it is: {line(error)}") from error

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor of the connection that is kept; of a new one, if the catalog was restarted since."""
        if self._root is not None:
            try:
                return self._looked_into(self._root)
            except duckdb.Error:
                self._root = None
        self._root = opened(self.lake)
        return self._looked_into(self._root)

    def _looked_into(self, root: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
        cursor = root.cursor()
        self.lake.use(cursor)
        cursor.execute("select 1 from duckdb_schemas() where database_name = current_database()").fetchall()
        return cursor

    def attach(self, connection: duckdb.DuckDBPyConnection, alias: str, dataset: str, *, read_only: bool = False) -> None:
        if not read_only:
            _refuse_files_of_another(self.lake)
        self.lake.attach(connection, alias, read_only=read_only)

    def mend(self, dataset: str) -> None:
        """Nothing tears a lake; whether it can be written is found out before anything is asked."""
        if not may_write(self.lake):
            raise WarehouseUnusable(f"this role may read {self} and not write it; nothing was done")
        _refuse_files_of_another(self.lake)
        if self.lake.data.startswith("s3://"):
            _holds(self.lake, ".none*")  # by a list of no files, which takes the right keys as any list does
        else:
            folder = Path(self.lake.data)
            try:
                folder.mkdir(parents=True, exist_ok=True)
                with TemporaryFile(dir=folder):
                    pass
            except OSError as error:
                reason = error.strerror or error
                raise WarehouseUnusable(f"the folder {folder} of {self} cannot be written: {reason}") from error

    def drop_working_files(self) -> None:
        """There are none that anybody reads; the files of a load that never was are deleted by `upkeep.py`."""

    def bring_up_to_date(self, dataset: str) -> None:
        """DuckLake says how a lake is stored, and refuses one that is of another version."""

    def write_anew(self, dataset: str) -> bool:
        return self._tidied(rewrite)

    def let_go(self) -> bool:
        return self._tidied(let_go)

    def _tidied(self, tidy: Callable[[duckdb.DuckDBPyConnection, str], None]) -> bool:
        try:
            with closing(opened(self.lake)) as connection:
                tidy(connection, ALIAS)
        except (duckdb.Error, WarehouseUnusable) as error:
            _log.warning("%s still holds what was deleted: %s", self, line(error))
            return False
        return True

    def load(self, batch: Batch, dataset: str, tables: Mapping[str, Table]) -> None:
        batch.use_up()
        started = time.time_ns()
        load_id = f"{started // 10**9}.{started % 10**9:09}"  # as dlt calls its own: the second it began
        retrying = Retrying(
            retry=retry_if_exception_type((duckdb.Error, OSError, WarehouseUnusable)),
            stop=stop_after_delay(self.patience),
            wait=wait_exponential(multiplier=0.5, max=10),
            before_sleep=self._tell,
            reraise=True,
        )
        try:
            retrying(self._load, load_id, batch, dataset, tables)
            batch.rows.clear()  # committed, so that no attempt needs them: whoever has it lets go of them, too
        except (duckdb.Error, OSError, WarehouseUnusable) as error:
            message = f"a batch could not be written to {self}, and does not count: {line(error)}"
            raise WarehouseUnusable(message) from error

    def _load(self, load_id: str, batch: Batch, dataset: str, tables: Mapping[str, Table]) -> None:
        with closing(self._cursor()) as connection:
            connection.execute("begin")
            connection.execute(f"create schema if not exists {dataset}")
            held = _columns(connection, dataset)
            _make_table(connection, dataset, "_dlt_loads", LOADS, held)
            if connection.execute(f"select 1 from {dataset}._dlt_loads where load_id = ?", [load_id]).fetchall():
                return  # it was committed, and the answer to that was lost
            for name, table in tables.items():  # all of them: the models read every one
                own = table.schema.append(pa.field("_dlt_load_id", pa.string(), nullable=False))
                _make_table(connection, dataset, name, own, held)
                if rows := batch.rows.get(name):
                    _insert(connection, f"{dataset}.{name}", rows.arrow(), load_id)
            loaded = [load_id, "bluum", datetime.now(UTC)]
            connection.execute(f"insert into {dataset}._dlt_loads values (?, ?, 0, ?, null)", loaded)
            make_sure(self.lake)  # a restart until now has ended this transaction, too
            connection.execute("commit")

    def _tell(self, state: RetryCallState) -> None:
        assert state.outcome is not None
        if state.attempt_number == 1:
            _log.warning("%s could not be written to, and is tried again: %s", self, line(state.outcome.exception()))


def opened(lake: Lake) -> duckdb.DuckDBPyConnection:
    """A connection that writes to a lake, and makes it if there is none. Raises WarehouseUnusable, and duckdb.Error."""
    _refuse_files_of_another(lake)
    return lake.connect()


def _refuse_files_of_another(lake: Lake) -> None:
    """Raise WarehouseUnusable if a lake would be made where another one's files are, whose catalog may have been lost."""
    if not is_made(lake) and _holds(lake, "**/*.parquet"):
        raise WarehouseUnusable(
            f"{lake} is not made yet, and {lake.data} holds files of another one, which its upkeep would delete; "
            "nothing was done: choose another BLUUM_LAKE_DATA"
        )


def _holds(lake: Lake, files: str) -> bool:
    """Whether there are such files where those of a lake are. Raises WarehouseUnusable if the place does not let us look."""
    try:
        with closing(connect()) as connection:
            lake.make_data_known(connection)
            found = connection.execute("select 1 from glob(?) limit 1", [f"{lake.data}/{files}"]).fetchall()
    except duckdb.Error as error:
        raise WarehouseUnusable(f"the files of {lake} in {lake.data} cannot be reached: {line(error)}") from error
    return bool(found)


def _columns(connection: duckdb.DuckDBPyConnection, dataset: str) -> dict[str, set[str]]:
    """The columns of each table that is there."""
    found = connection.execute(
        "select table_name, list(column_name) from duckdb_columns()"
        " where database_name = current_database() and schema_name = ? group by all",
        [dataset],
    ).fetchall()
    return {name: set(columns) for name, columns in found}


def _make_table(
    connection: duckdb.DuckDBPyConnection, dataset: str, name: str, schema: pa.Schema, held: Mapping[str, set[str]]
) -> None:
    """Make a table, or the columns that it lacks."""
    if held.get(name, set()) >= set(schema.names):
        return
    empty = connection.from_arrow(schema.empty_table())
    wanted = {column: str(kind) for column, kind in zip(empty.columns, empty.types, strict=True)}
    if name not in held:
        spelled = [
            f'"{column}" {kind}{"" if schema.field(column).nullable else " not null"}' for column, kind in wanted.items()
        ]
        connection.execute(f"create table {dataset}.{name} ({', '.join(spelled)})")
        return
    for column in wanted.keys() - held[name]:
        connection.execute(f'alter table {dataset}.{name} add column "{column}" {wanted[column]}')


def _insert(connection: duckdb.DuckDBPyConnection, table: str, arrow: pa.Table, load_id: str) -> None:
    connection.register("arriving", arrow)
    connection.execute(f"insert into {table} by name select *, ? as _dlt_load_id from arriving", [load_id])
    connection.unregister("arriving")


def line(error: BaseException | None) -> str:
    """What an error says, in its first line."""
    return str(error).strip().partition("\n")[0]


def empty(lake: Lake) -> None:
    """Drop all that a lake holds. Raises WarehouseUnusable."""
    try:
        with closing(opened(lake)) as connection:
            found = connection.execute(
                "select schema_name from duckdb_schemas() where database_name = current_database() and schema_name != 'main'"
            ).fetchall()
            for (schema,) in found:
                connection.execute(f'drop schema "{schema}" cascade')
    except duckdb.Error as error:
        raise WarehouseUnusable(f"{lake} cannot be emptied: {line(error)}") from error
