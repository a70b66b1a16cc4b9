"""The raw tables in DuckDB: loading them with dlt, exactly once.

    Batch --Arrow--> one dlt package --commit (_dlt_loads)--> raw.*

dlt commits per table, not per package: a row counts once its load stands in `_dlt_loads`. So `sweep` first deletes what
never committed; after it, every row of raw.* counts. What is true among them is decided in sql/, not here.
"""

import os
import shutil
import time
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.api.parse import Batch
from pipelines.destination.database import DATASET
from pipelines.destination.questions import Questions
from pipelines.errors import WarehouseUnusable
from pipelines.schema.rows import Row
from pipelines.schema.tables import TABLES

_PIPELINE = "bluum_warehouse"
_COMMITTED = f"select load_id from {DATASET}._dlt_loads where status = 0"


class Warehouse(Questions):
    """The pipeline's own DuckDB file, to ask and to load."""

    _pipeline: Any = None

    def sweep(self) -> None:
        """Delete the rows of loads that never committed, and dlt's working files: packages and a copy of the state in raw.

        So what a kill or a power cut has left there can neither be loaded nor hold up a night.
        """
        self._pipeline = None
        try:
            if (self._dlt_pipelines / _PIPELINE).exists():
                shutil.rmtree(self._dlt_pipelines / _PIPELINE)
        except OSError as error:
            raise WarehouseUnusable(f"{self._dlt_pipelines} cannot be emptied: {error.strerror or error}") from error
        held = self.tables()
        if not held:
            return
        committed = _COMMITTED if "_dlt_loads" in held else "select null where false"
        with self.connect() as connection:
            for name in held & TABLES.keys():
                connection.execute(f"delete from {DATASET}.{name} where _dlt_load_id not in ({committed})")

    def load(self, batch: Batch) -> None:
        """Load one batch as one package. When this returns, all of it counts; before, none of it does.

        Raises WarehouseUnusable when it cannot be written: a full disk, a folder turned read-only.
        """
        pipeline = self._dlt()  # before the import: it sets what dlt reads from the environment
        import dlt
        from dlt.common.destination.exceptions import DestinationHasFailedJobs
        from dlt.pipeline.exceptions import PipelineStepFailed

        is_new = not self.tables() >= TABLES.keys()
        resources = [
            dlt.resource(
                [pa.Table.from_pylist(batch.rows.get(name, []), schema=table.schema)],
                name=name,
                write_disposition="append",
                schema_contract={"tables": "evolve", "columns": "evolve", "data_type": "freeze"},
            )
            for name, table in TABLES.items()
            if is_new or batch.rows.get(name)
        ]
        try:
            pipeline.run(resources).raise_on_failed_jobs()
        except (PipelineStepFailed, DestinationHasFailedJobs, OSError) as error:
            reason = getattr(error, "exception", error)  # what failed, without dlt's advice about packages that we abort
            raise WarehouseUnusable(f"a batch could not be written to {self.path}, and does not count: {reason}") from error

    def drop_old_bodies(self, before: date) -> None:
        """Empty the bodies of nights before a day; their typed rows stay."""
        with self.connect() as connection:
            connection.execute(
                f"update {DATASET}.responses set body = null where as_of_date < ? and body is not null", [before]
            )

    def replace(self, batch: Batch, log: list[Row]) -> None:
        """Put these rows in the place of all that the same responses gave before, in one transaction and as one load."""
        load_id = repr(time.time())
        with self.connect() as connection:
            connection.execute("begin")
            connection.register("log", pa.Table.from_pylist(log, schema=TABLES["responses"].schema))
            for name, table in TABLES.items():
                if name in ("responses", "plan"):
                    continue
                connection.execute(f"delete from {DATASET}.{name} where response_id in (select response_id from log)")
                rows = pa.Table.from_pylist(batch.rows.get(name, []), schema=table.schema)
                connection.register("fresh", rows)
                connection.execute(f"insert into {DATASET}.{name} by name select *, '{load_id}' as _dlt_load_id from fresh")
            connection.execute(
                f"""
                update {DATASET}.responses as responses
                set outcome = log.outcome, row_count = log.row_count, error_message = log.error_message,
                    _dlt_load_id = '{load_id}'
                from log where responses.response_id = log.response_id
                and (responses.outcome, responses.row_count) is distinct from (log.outcome, log.row_count)
                """
            )
            connection.execute(
                f"""
                insert into {DATASET}._dlt_loads (load_id, schema_name, status, inserted_at, schema_version_hash)
                select '{load_id}', schema_name, 0, now(), schema_version_hash from {DATASET}._dlt_loads
                order by inserted_at desc limit 1
                """
            )
            connection.execute("commit")

    @property
    def _dlt_pipelines(self) -> Path:
        return self.path.parent / "dlt" / "pipelines"

    def _dlt(self) -> Any:
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
            os.environ["LOAD__DELETE_COMPLETED_JOBS"] = "true"  # else every body stays there for a second time
            import dlt

            self._pipeline = dlt.pipeline(
                _PIPELINE,
                pipelines_dir=str(folder),
                destination=dlt.destinations.duckdb(str(self.path)),
                dataset_name=DATASET,
            )
        return self._pipeline
