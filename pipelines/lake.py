"""A lake (DuckLake) in place of the warehouse's file: where it is, and how DuckDB is connected to it.

    BLUUM_WAREHOUSE=ducklake:postgres:dbname=lake host=db   the catalog: a database of Postgres; what the files mean
    BLUUM_LAKE_DATA=/srv/lake, s3://bucket/lake             the data: Parquet files, in a folder or a bucket

Each profile has a lake of its own in the one catalog, a schema of Postgres named after it, and a folder of its own in the
data: two that write at once never meet. What is in a lake is no matter of this module.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import SplitResult, urlsplit

from pipelines.errors import BluumError
from pipelines.literal import literal
from pipelines.memory import UNBOUND, Memory

if TYPE_CHECKING:
    import duckdb

PREFIX = "ducklake:postgres:"
ALIAS = "lake"
"""What the catalog is attached as."""
_ATTENTIVE = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
"""What libpq is told where an address does not: to notice within a minute that the catalog's machine is gone."""
_PACKAGES = ("duckdb_extension_ducklake", "duckdb_extension_postgres_scanner", "duckdb_extension_httpfs")


class LakeRefused(BluumError):
    """The address of a lake cannot be read, or what reads one is not installed."""


@dataclass(frozen=True)
class Bucket:
    """How a bucket is reached; what is not set is looked for where AWS' own programs do, in the environment."""

    key_id: str | None = None
    secret: str | None = field(default=None, repr=False)
    region: str | None = None
    endpoint: str | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What dbt's process is told of it."""
        named = {"AWS_ACCESS_KEY_ID": self.key_id, "AWS_SECRET_ACCESS_KEY": self.secret, "AWS_REGION": self.region}
        told = {name: value for name, value in named.items() if value is not None}
        if self.key_id is not None:
            told["AWS_SESSION_TOKEN"] = ""  # one that stands in the environment belongs to another key
        if self.endpoint:
            use_ssl = "false" if self._url.scheme == "http" else "true"
            told |= {"DUCKDB_S3_ENDPOINT": self._url.netloc, "DUCKDB_S3_USE_SSL": use_ssl, "BLUUM_S3_URL_STYLE": "path"}
        return told

    @property
    def _url(self) -> SplitResult:
        return urlsplit(self.endpoint or "")

    def make_known(self, connection: "duckdb.DuckDBPyConnection") -> None:
        """Tell a connection of it."""
        connection.execute("install httpfs; load httpfs")
        # Half a minute of silence is waited for.
        connection.execute("set http_retries = 8; set http_retry_wait_ms = 200; set http_retry_backoff = 2")
        known = {"key_id": self.key_id, "secret": self.secret, "region": self.region}
        options = [f"{name} {literal(value)}" for name, value in known.items() if value is not None]
        if self.endpoint:  # a bucket as part of the host's name is AWS' own way
            options += [f"endpoint {literal(self._url.netloc)}", "url_style 'path'"]
            options += ["use_ssl false"] if self._url.scheme == "http" else []
        if options:
            connection.execute(f"create or replace secret bucket (type s3, {', '.join(options)})")


@dataclass(frozen=True)
class Lake:
    """One profile's lake: `catalog` is libpq's connection string without the password, `schema` the one it has there."""

    catalog: str
    data: str
    schema: str = "public"
    password: str | None = field(default=None, repr=False)
    bucket: Bucket = Bucket()
    memory: Memory = field(default=UNBOUND, compare=False)

    @classmethod
    def of(cls, address: str, data: str, schema: str = "public", bucket: Bucket = Bucket()) -> Self:
        """The lake at an address, `ducklake:postgres:` and what libpq takes. Raises LakeRefused."""
        if not address.startswith(PREFIX):
            raise LakeRefused(f"must look like {PREFIX}dbname=lake host=db user=bluum")
        libpq = driver()
        try:
            parts = libpq.extensions.parse_dsn(address.removeprefix(PREFIX))
        except libpq.Error:
            raise LakeRefused(f"is not what libpq connects to: it must look like {PREFIX}dbname=lake host=db") from None
        password = parts.pop("password", None)
        if "sslpassword" in parts:
            raise LakeRefused("must not hold sslpassword: a key file without one is what libpq takes unattended")
        return cls(libpq.extensions.make_dsn(**parts), data, schema, password, bucket)

    def __str__(self) -> str:
        """How a message names it."""
        return f"the lake {self.address}" + (f" (schema {self.schema})" if self.schema != "public" else "")

    @property
    def address(self) -> str:
        """As in BLUUM_WAREHOUSE, without a password."""
        return PREFIX + self.catalog

    @property
    def connecting(self) -> str:
        """What libpq is given, whoever uses it."""
        extensions = driver().extensions
        spelled: str = extensions.make_dsn(**{**_ATTENTIVE, **extensions.parse_dsn(self.catalog)})
        return spelled

    @property
    def attaching(self) -> str:
        """What a reader says to DuckDB, to be printed."""
        schema = "" if self.schema == "public" else f"metadata_schema {literal(self.schema)}, "
        return f"attach {literal(self.address)} as {ALIAS} ({schema}read_only); use {ALIAS}"

    @property
    def environment(self) -> Mapping[str, str]:
        """What sql/profiles.yml, libpq and DuckDB's httpfs read of this lake in the environment of dbt's process."""
        password = {} if self.password is None else {"PGPASSWORD": self.password}
        return {
            "BLUUM_WAREHOUSE": PREFIX + self.connecting,
            "BLUUM_LAKE_DATA": self.data,
            "BLUUM_LAKE_SCHEMA": self.schema,
            "BLUUM_DUCKDB_EXTENSIONS": extensions() or "",
            **password,
            **self.bucket.environment,
        }

    def connect(self, alias: str = ALIAS, *, read_only: bool = False) -> "duckdb.DuckDBPyConnection":
        """A connection of its own, in UTC, whose tables are the lake's. Raises duckdb.Error."""
        connection = connect()
        try:
            self.attach(connection, alias, read_only=read_only)
            self.use(connection, alias)
        except Exception:
            connection.close()
            raise
        return connection

    def attach(self, connection: "duckdb.DuckDBPyConnection", alias: str = ALIAS, *, read_only: bool = False) -> None:
        """Attach it to a connection that is there. Raises duckdb.Error."""
        self.memory.bound(connection)
        options = {"metadata_schema": self.schema}
        if not read_only:
            # No row stands in the catalog itself: who may read it reads no data, and a reader never holds up a writer there.
            options |= {"data_path": self.data, "data_inlining_row_limit": "0"}
        if self.password is not None:
            connection.execute(f"create or replace secret catalog (type postgres, password {literal(self.password)})")
            options |= {"meta_secret": "catalog"}
        self.make_data_known(connection)
        spelled = [f"{name} {literal(value)}" for name, value in options.items()] + ["read_only"] * read_only
        connection.execute(f"attach {literal(PREFIX + self.connecting)} as {alias} ({', '.join(spelled)})")

    def make_data_known(self, connection: "duckdb.DuckDBPyConnection") -> None:
        """Tell a connection how a bucket is reached, if the files are in one. Raises duckdb.Error."""
        if self.data.startswith("s3://"):
            self.bucket.make_known(connection)

    @staticmethod
    def use(connection: "duckdb.DuckDBPyConnection", alias: str = ALIAS) -> None:
        """Let names be looked up in the lake; a cursor does not take that over from its connection."""
        connection.execute(f"use {alias}; set TimeZone = 'UTC'; set enable_progress_bar = false")


def connect() -> "duckdb.DuckDBPyConnection":
    """A connection to nothing yet, that a lake can be attached to."""
    import duckdb  # not above: settings are read by commands that need none of it

    return duckdb.connect(config={"extension_directory": folder} if (folder := extensions()) else {})


@contextmanager
def closing(connection: "duckdb.DuckDBPyConnection") -> Iterator["duckdb.DuckDBPyConnection"]:
    """Close a connection. Left to its closing, a transaction whose catalog has gone away would end this very process."""
    import duckdb

    try:
        yield connection
    finally:
        with suppress(duckdb.Error):  # there is none to roll back, or nobody to tell
            connection.rollback()
        connection.close()


@cache
def extensions() -> str | None:
    """The folder that DuckDB finds its extensions in, if their packages are installed: then nothing is downloaded."""
    import duckdb

    packages = [Path(spec.origin).parent for name in _PACKAGES if (spec := find_spec(name)) and spec.origin]
    if not packages:
        return None
    cache_folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bluum-warehouse" / "duckdb"
    ((platform,),) = duckdb.sql("pragma platform").fetchall()
    for file in (file for package in packages for file in package.glob("extensions/*/*.duckdb_extension")):
        link = cache_folder / file.parent.name / platform / file.name
        if link.exists() and link.samefile(file):
            continue
        link.parent.mkdir(parents=True, exist_ok=True)
        aside = link.with_name(f"{file.name}.{os.getpid()}")  # another process may be at it, too
        aside.symlink_to(file)
        aside.replace(link)
    return str(cache_folder)


def driver() -> Any:
    """libpq, which also holds the lock of a lake. Raises LakeRefused if it is not installed."""
    try:
        import psycopg2.extensions
    except ImportError:
        raise LakeRefused("is a lake, and what reads one is not installed: pip install 'bluum-warehouse[lake]'") from None
    return psycopg2
