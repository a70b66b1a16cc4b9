"""What a home of the models does for the tests: it takes loads through the dlt source, runs dbt, and gives its tables.

    warehouse.duckdb --batch--> bluum_source() --dlt--> raw.* --dbt--> marts --Arrow--> compared

Each engine's own part is in the module named after it.
"""

import os
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import dlt
import duckdb

from helpers.engines.compare import Tables
from helpers.sql_warehouse import SQL, rows
from pipelines.api.parse import Batch
from pipelines.schema.tables import TABLES
from pipelines.source import bluum_source


class Home(ABC):
    """A place for raw tables and marts that stands in a folder of its own and ends with it."""

    target: str
    """The name of the dbt target."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    @abstractmethod
    def settings(self) -> Mapping[str, str]:
        """The variables of the environment by which sql/profiles.yml finds this home."""

    @abstractmethod
    def tables(self, names: Iterable[str]) -> Tables:
        """All rows of these marts (`schema.table`), with their types."""

    @abstractmethod
    def load(self, warehouse: Path) -> None:
        """Bring each load that a warehouse has and this home has not."""

    def build(self) -> None:
        """Build everything, with its data tests, and note it: a later build goes on from there."""
        self.dbt("build", "--exclude-resource-type", "unit_test")
        self.dbt("run-operation", "note_built_loads")

    def dbt(self, *arguments: str) -> None:
        """Run dbt as a person does, from the command line; a failing one raises with what it said."""
        options = ["--project-dir", str(SQL), "--profiles-dir", str(SQL), "--target", self.target]
        paths = ["--target-path", str(self.folder / "target"), "--log-path", str(self.folder / "logs")]
        done = subprocess.run(
            [Path(sys.executable).with_name("dbt"), "--quiet", *arguments, *options, *paths],
            cwd=self.folder,
            env={**os.environ, **self.settings},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"{done.stdout}\n{done.stderr}")


class FilledByDlt(Home):
    """A home that one of dlt's own destinations fills, as `bluum_source()` fills any."""

    file_format: Any = None
    """What dlt brings rows in; None: what it prefers for the destination."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._pipeline: Any = None
        self._loaded: set[str] = set()

    @property
    @abstractmethod
    def destination(self) -> Any:
        """Where dlt writes."""

    def load(self, warehouse: Path) -> None:
        """A load is one package; the first one makes every table, with all of its columns."""
        if self._pipeline is None:
            self._pipeline = dlt.pipeline(
                "engines", pipelines_dir=str(self.folder / "dlt"), destination=self.destination, dataset_name="raw"
            )
            self._run(Batch.blank(TABLES.values()))
        for (load_id,) in rows(warehouse, "select load_id from raw._dlt_loads order by cast(load_id as double)"):
            if load_id not in self._loaded:
                self._run(batch(warehouse, load_id))
                self._loaded.add(load_id)

    def _run(self, loaded: Batch) -> None:
        self._pipeline.run(bluum_source(batches=[loaded]), loader_file_format=self.file_format)


def batch(warehouse: Path, load_id: str) -> Batch:
    """The rows of one load, as the source takes them."""
    found = Batch()
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for table in TABLES.values():
            held = connection.execute(
                f"select * exclude (_dlt_load_id) from raw.{table.name} where _dlt_load_id = ?", [load_id]
            )
            for row in held.to_arrow_table().to_pylist():
                found.add(table, row)
    return found
