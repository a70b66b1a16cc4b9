"""A Spark cluster of two workers that each command starts for itself; its tables, and dlt's, are Parquet files in a folder.

What Spark calls a session is dbt's own process here, and `spark-sql` where tables are named or taken out.
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pyarrow as pa

from helpers.engines.compare import Tables
from helpers.engines.home import FilledByDlt
from pipelines.schema.tables import TABLES

CONFIGURATION = """\
spark.master                                    local-cluster[2,1,1024]
spark.sql.warehouse.dir                         {folder}/tables
spark.hadoop.javax.jdo.option.ConnectionURL     jdbc:derby:;databaseName={folder}/metastore;create=true
spark.sql.session.timeZone                      UTC
spark.sql.shuffle.partitions                    2
spark.sql.parquet.outputTimestampType            TIMESTAMP_MICROS
spark.ui.enabled                                false
"""


class Spark(FilledByDlt):
    """All in one metastore; dlt's files are tables that are named once, and so are read as they stand each time."""

    target = "spark"
    file_format = "parquet"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (folder / "spark-defaults.conf").write_text(CONFIGURATION.format(folder=folder))
        self._is_named = False

    @property
    def destination(self) -> Any:
        return dlt.destinations.filesystem(bucket_url=self.folder.as_uri())

    @property
    def settings(self) -> Mapping[str, str]:
        # A cluster's members find each other by the name of the machine, which may be in no list.
        return {"SPARK_CONF_DIR": str(self.folder), "SPARK_LOCAL_HOSTNAME": "localhost"}

    def load(self, warehouse: Path) -> None:
        super().load(warehouse)
        if self._is_named:
            return
        loads = "load_id string, schema_name string, status bigint, inserted_at timestamp, schema_version_hash string"
        named = [
            ("_dlt_loads", loads, "json"),
            *((table.name, _columns(table.schema), "parquet") for table in TABLES.values()),
        ]
        self._sql(
            "create database raw",
            *(
                f"create table raw.{name} ({columns}) using {form} location '{self.folder}/raw/{name}'"
                for name, columns, form in named
            ),
        )
        self._is_named = True

    def build(self) -> None:
        """Build everything, with its data tests: every build computes all, so there is nothing to note."""
        self.dbt("build", "--exclude-resource-type", "unit_test")

    def tables(self, names: Iterable[str]) -> Tables:
        names = list(names)
        self._sql(
            *(f"insert overwrite directory '{self.folder}/out/{name}' using parquet select * from {name}" for name in names)
        )
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            return {
                name: connection.execute(f"from '{self.folder}/out/{name}/*.parquet'").to_arrow_table() for name in names
            }

    def _sql(self, *statements: str) -> None:
        """Run statements one after the other; a failing one raises with what Spark said."""
        file = self.folder / "statements.sql"
        file.write_text("".join(f"{statement};\n" for statement in statements))
        done = subprocess.run(
            [Path(sys.executable).with_name("spark-sql"), "-f", file],
            cwd=self.folder,
            env={**os.environ, **self.settings, "PYSPARK_PYTHON": sys.executable},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise AssertionError(done.stderr[-4000:])


def _columns(schema: pa.Schema) -> str:
    """The columns of a raw table, as Spark calls their types."""
    kinds = {"int64": "bigint", "bool": "boolean", "date32[day]": "date", "timestamp[us, tz=UTC]": "timestamp"}
    own = [(field.name, str(field.type).replace("decimal128", "decimal")) for field in schema]
    return ", ".join(f"`{name}` {kinds.get(kind, kind)}" for name, kind in [*own, ("_dlt_load_id", "string")])
