"""The warehouse in a DuckDB file, which dlt loads.

    Batch --source.py--> one dlt package --commit (_dlt_loads)--> raw.*

dlt commits per table, not per package: a row counts once its load stands in `_dlt_loads`. How the file stores what it
holds is `storage.py`, how a torn one is mended `torn.py`.
"""

import os
import shutil
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from pipelines.api.parse import Batch
from pipelines.destination.storage import convert, create
from pipelines.destination.store import tables_in
from pipelines.destination.torn import mend
from pipelines.errors import WarehouseUnusable
from pipelines.literal import literal
from pipelines.memory import UNBOUND, Memory
from pipelines.schema.rows import Rows
from pipelines.schema.table import Table

_PIPELINE = "bluum_warehouse"
_SPARING = "set threads = 1; set max_vacuum_tasks = 0"
"""How a load spares memory: it leaves it to the models' process to merge what the loads of a night have appended."""


class FileStore:
    """A DuckDB file. One process at a time may hold it: see `lock.py`."""

    loads_are_whole = False
    building: Mapping[str, str] = {"marts": "marts", "audit": "audit"}  # the published ones are in a file of their own

    def __init__(self, path: Path, patience: float = 60, memory: Memory = UNBOUND, *, read_only: bool = False) -> None:
        self.path = path
        self.read_only = read_only
        self.memory = memory
        self.patience = patience  # seconds to wait for another process to let go of the file
        self._pipeline: Any = None

    def __str__(self) -> str:
        return str(self.path)

    def exists(self) -> bool:
        return self.path.exists()

    def open(self) -> duckdb.DuckDBPyConnection:
        # A sync that was killed may leave its dbt running for a moment, and dbt then holds the file.
        retrying = Retrying(
            retry=retry_if_exception(lambda error: "Could not set lock" in str(error)),
            stop=stop_after_delay(self.patience),
            wait=wait_fixed(0.25),
            reraise=True,
        )
        try:
            connection = retrying(duckdb.connect, str(self.path), read_only=self.read_only)
            self.memory.bound(connection)
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise WarehouseUnusable(f"{self.path} cannot be opened, and was left as it is: {reason}") from error
        return connection

    def attach(self, connection: duckdb.DuckDBPyConnection, alias: str, dataset: str, *, read_only: bool = False) -> None:
        self.memory.bound(connection)
        if not read_only and not self.path.exists():
            create(self.path, dataset)
        connection.execute(f"attach {literal(self.path)} as {alias}" + " (read_only)" * read_only)

    def mend(self, dataset: str) -> None:
        self._make_room()
        if mend(self.path, frozenset({dataset}), self.memory):
            self._pipeline = None

    def _make_room(self) -> None:
        """Delete half files of `storage.py`, `torn.py` and `publish.py` that a kill has left: a disk may be full of them."""
        halves = [f"{self.path.name}.{half}" for half in ("converting", "mending", "mended")] + ["bi.duckdb.building"]
        try:
            for name in halves:
                for left in (self.path.with_name(name), self.path.with_name(f"{name}.wal")):
                    left.unlink(missing_ok=True)
        except OSError as error:
            raise WarehouseUnusable(f"{left} cannot be deleted: {error.strerror or error}") from error

    def drop_working_files(self) -> None:
        """Packages, and a copy of the state in raw: what a kill has left there can neither be loaded nor hold up a night."""
        self._pipeline = None
        try:
            if (self._dlt_pipelines / _PIPELINE).exists():
                shutil.rmtree(self._dlt_pipelines / _PIPELINE)
        except OSError as error:
            raise WarehouseUnusable(f"{self._dlt_pipelines} cannot be emptied: {error.strerror or error}") from error

    def bring_up_to_date(self, dataset: str) -> None:
        if convert(self.path, dataset, self.memory):
            self._pipeline = None

    def write_anew(self, dataset: str) -> bool:
        self._pipeline = None
        return convert(self.path, dataset, self.memory, anyway=True)

    def let_go(self) -> bool:
        return True  # the published file was replaced

    def load(self, batch: Batch, dataset: str, tables: Mapping[str, Table]) -> None:
        batch.use_up()  # the source takes the rows out of it
        pipeline = self._dlt(dataset)  # before the imports: it sets what dlt reads from the environment
        from dlt.common.destination.exceptions import DestinationHasFailedJobs
        from dlt.pipeline.exceptions import PipelineStepFailed

        from pipelines.source import bluum_source

        try:
            if not self.path.exists():
                create(self.path, dataset)
            with closing(self.open()) as connection:  # by itself dlt opens and closes the file several times a package
                connection.execute(_SPARING)
                for name in tables.keys() - tables_in(connection, dataset):
                    # The models read every table, and an empty one is made by loading it.
                    batch.rows.setdefault(name, Rows(tables[name]))
                source = bluum_source(batches=[batch], tables=tuple(tables.values()))
                pipeline.run(source, credentials=connection).raise_on_failed_jobs()
        except (PipelineStepFailed, DestinationHasFailedJobs, duckdb.Error, OSError) as error:
            reason = getattr(error, "exception", error)  # what failed, without dlt's advice about packages that we abort
            raise WarehouseUnusable(f"a batch could not be written to {self.path}, and does not count: {reason}") from error

    @property
    def _dlt_pipelines(self) -> Path:
        return self.path.parent / "dlt" / "pipelines"

    def _dlt(self, dataset: str) -> Any:
        if self._pipeline is None:
            folder = self._dlt_pipelines
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise WarehouseUnusable(f"{folder} cannot be written: {error.strerror or error}") from error
            # By environment, which dlt reads first; a value in dlt.config would double what it looks up for every table.
            os.environ["DLT_DATA_DIR"] = str(folder.parent)
            os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"  # nothing goes to anybody but Bluum
            os.environ["NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID"] = "true"
            os.environ["LOAD__WORKERS"] = "1"  # one table after the other, each let go before the next
            os.environ["LOAD__DELETE_COMPLETED_JOBS"] = "true"  # else every body stays there for a second time
            import dlt

            self._pipeline = dlt.pipeline(
                _PIPELINE,
                pipelines_dir=str(folder),
                destination=dlt.destinations.duckdb(),
                dataset_name=dataset,
            )
        return self._pipeline
