"""A lake: Parquet files in a folder, its catalog in a Postgres database of its own.

Rows come by DuckDB itself: a load is one transaction over all tables, in a tenth of the time that dlt takes for it.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from helpers.engines.compare import Tables
from helpers.engines.extensions import extensions
from helpers.engines.home import Home
from helpers.engines.postgres import socket
from pipelines.schema.tables import TABLES


class DuckLake(Home):
    """Files in `data`; what they mean in the server's database `lake`."""

    target = "ducklake"

    def __init__(self, folder: Path, server: Any, data: str) -> None:
        super().__init__(folder)
        self.catalog = f"ducklake:postgres:dbname=lake host={socket(server)} user=postgres"
        self.data = data
        server.psql("create database lake")
        with self._connect() as connection:
            connection.execute("create schema raw; create schema builds; create table builds.built_loads (load_id varchar)")

    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "BLUUM_WAREHOUSE": self.catalog,
            "BLUUM_LAKE_DATA": self.data,
            "BLUUM_DUCKDB_EXTENSIONS": str(extensions()),
        }

    def load(self, warehouse: Path) -> None:
        with self._connect() as connection:
            connection.execute(f"attach '{warehouse}' as given (read_only)")
            for name in (*TABLES, "_dlt_loads"):
                connection.execute(f"create table if not exists raw.{name} as from given.raw.{name} limit 0")
            loads = connection.execute("select load_id from given.raw._dlt_loads except select load_id from raw._dlt_loads")
            for load_id in loads.fetchall():
                connection.execute("begin")
                for name in TABLES:
                    connection.execute(f"insert into raw.{name} from given.raw.{name} where _dlt_load_id = ?", load_id)
                connection.execute("insert into raw._dlt_loads from given.raw._dlt_loads where load_id = ?", load_id)
                connection.execute("commit")

    def tables(self, names: Iterable[str]) -> Tables:
        with self._connect() as connection:
            return {name: connection.execute(f"select * from {name}").to_arrow_table() for name in names}

    @contextmanager
    def _connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect(config={"extension_directory": str(extensions())}) as connection:
            connection.execute(f"set TimeZone = 'UTC'; attach '{self.catalog}' as lake (data_path '{self.data}'); use lake")
            yield connection
