"""A lake as the program makes it: loaded by its store, built by dbt, published as views; its catalog in a Postgres."""

from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from helpers.engines.compare import Tables
from helpers.engines.home import Home, batch
from helpers.engines.postgres import socket
from helpers.sql_warehouse import rows
from pipelines.destination.lake_store import LakeStore
from pipelines.destination.publish_lake import publish_lake
from pipelines.lake import PREFIX, Lake
from pipelines.schema.tables import TABLES


class DuckLake(Home):
    """Files in `data`; what they mean in the server's database `lake`."""

    target = "ducklake"

    def __init__(self, folder: Path, server: Any, data: str) -> None:
        super().__init__(folder)
        server.psql("create database lake")
        self.lake = Lake.of(f"{PREFIX}dbname=lake host={socket(server)} user=postgres", data)
        self.store = LakeStore(self.lake)
        self._loaded: set[str] = set()

    @property
    def settings(self) -> Mapping[str, str]:
        return self.lake.environment

    def load(self, warehouse: Path) -> None:
        for (load_id,) in rows(warehouse, "select load_id from raw._dlt_loads order by cast(load_id as double)"):
            if load_id not in self._loaded:
                self.store.load(batch(warehouse, load_id), "raw", TABLES)
                self._loaded.add(load_id)

    def build(self) -> None:
        super().build()
        publish_lake(self.lake, "a test")

    def tables(self, names: Iterable[str]) -> Tables:
        with closing(self.lake.connect(read_only=True)) as connection:
            return {name: connection.execute(f"select * from {name}").to_arrow_table() for name in names}
