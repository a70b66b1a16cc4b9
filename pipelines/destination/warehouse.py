"""The raw tables: loading them exactly once, and keeping them fit for this program, wherever they are (`store.py`).

A row counts once its load stands in `_dlt_loads`, and of a response that was loaded again the rows of its newest load do.
`sweep` deletes what does not count; after it, every row of raw.* does. What is true among them is decided in sql/, not here.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from pipelines.api.parse import Batch
from pipelines.destination.file_store import FileStore
from pipelines.destination.lake_store import LakeStore
from pipelines.destination.missed import Missed
from pipelines.destination.questions import Questions
from pipelines.destination.store import Store, tables_in
from pipelines.errors import OtherSource
from pipelines.schema.table import Table
from pipelines.schema.tables import TABLES
from pipelines.settings import Settings, is_loopback

_DERIVED = ("staging", "intermediate")  # what dbt makes anew; marts stay, for whoever reads them until they are built again
_NOW_CALLED = {
    "service.bluumfinance.com": "api.bluumfinance.com",
    "test-service.bluumfinance.com": "sandbox.api.bluumfinance.com",
}
"""The older names of Bluum's hosts, which it keeps for now as aliases, and what they lead to."""
_SCHEMAS = "select schema_name from duckdb_schemas() where database_name = current_database()"


class Warehouse(Questions, Missed):
    """The pipeline's own tables, to ask and to load."""

    def __init__(self, store: Store | Path, dataset: str = "raw", raw_tables: Mapping[str, Table] = TABLES) -> None:
        super().__init__(store, dataset)
        self.raw_tables = raw_tables

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The warehouse that the settings name."""
        store = LakeStore(settings.lake) if settings.lake else FileStore(settings.warehouse_file, memory=settings.memory)
        return cls(store, settings.dataset)

    # ------------------------------------------------------------- before anything is asked or loaded

    def check_source(self, base_url: str, surface: str) -> None:
        """Raise OtherSource if the warehouse was begun with another API, or another surface of it, than this one."""
        first = self._all(
            f"""
            select base_url, surface from {self.dataset}.responses as responses
            join {self.dataset}._dlt_loads as loads on loads.load_id = responses._dlt_load_id
            order by loads.rowid, response_id limit 1
            """
        )
        ours = _source(base_url, surface)
        for url, name in first:
            if (theirs := _source(url, name)) != ours:
                raise OtherSource(
                    f"{self.store} holds the answers of {theirs} and takes none of {ours}; nothing was asked: "
                    "use a data folder (BLUUM_DATA_DIR) or a profile (BLUUM_PROFILE) of its own for each"
                )

    def mend(self) -> None:
        """Make whole what was torn in the middle of a write. Before anything else, and only under the lock."""
        self.store.mend(self.dataset)

    def sweep(self) -> None:
        """Delete what does not count, and the working files of unfinished loads."""
        self.store.drop_working_files()
        if not self.store.loads_are_whole:
            self._drop_uncommitted()
        self.drop_superseded()

    def _drop_uncommitted(self) -> None:
        held = self.tables()
        if not held:
            return
        committed = f"select load_id from {self.dataset}._dlt_loads where status = 0"
        if "_dlt_loads" not in held:
            committed = "select null where false"
        with self.connect() as connection:
            for name in sorted(held & self.raw_tables.keys()):
                connection.execute(f"delete from {self.dataset}.{name} where _dlt_load_id not in ({committed})")

    def drop_superseded(self) -> None:
        """Delete, of every response that was loaded again, the rows of all loads but its newest, in one transaction.

        The newest is the one that committed last, by its place in `_dlt_loads`: a clock may have been set back since.
        """
        again = self._all(
            f"""
            select response_id from {self.dataset}.responses
            group by response_id having count(distinct _dlt_load_id) > 1
            """
        )
        if not again:
            return
        with self.connect() as connection:
            connection.execute("begin")
            connection.execute(
                f"""
                create or replace temporary table newest as
                select responses.response_id, arg_max(loads.load_id, loads.rowid) as load_id
                from {self.dataset}.responses as responses
                join {self.dataset}._dlt_loads as loads on loads.load_id = responses._dlt_load_id
                group by responses.response_id having count(distinct loads.load_id) > 1
                """
            )
            for name in self.raw_tables.keys() - {"plan"}:  # what was asked then was decided by what was known then
                connection.execute(
                    f"""
                    delete from {self.dataset}.{name} as old using newest
                    where old.response_id = newest.response_id and old._dlt_load_id != newest.load_id
                    """
                )
            connection.execute("drop table newest")
            connection.execute("commit")

    def upgrade(self) -> None:
        """Bring a warehouse of an older program up to this one: its file, its raw tables, and what dbt derived.

        Only under the lock. Nothing is asked again, and the marts stay until they are built anew.
        """
        self.store.bring_up_to_date(self.dataset)
        if not self.committed_loads():
            return  # the first load makes every table
        if lacking := self._lacking():
            self.store.load(Batch.blank(lacking), self.dataset, self.raw_tables)
        with self.connect() as connection:
            schemas = {name for (name,) in connection.execute(_SCHEMAS).fetchall()}
            built_by = self._built_by()
            if (built_by or "").startswith(self._program) or (built_by is None and not schemas & {*_DERIVED}):
                return
            connection.execute("begin")
            for name in _DERIVED:
                connection.execute(f"drop schema if exists {name} cascade")
            self._make_builds(connection)
            connection.execute("delete from builds.built_loads")
            connection.execute("delete from builds.program")
            connection.execute("commit")

    # ------------------------------------------------------------- loading

    def load(self, batch: Batch) -> None:
        """Load one batch as one package. When this returns, all of it counts; before, none of it does.

        A load uses the batch up, whatever comes of it: after one that failed, its rows have to be read or asked again.
        Raises WarehouseUnusable when it cannot be written (a full disk, a folder turned read-only), and ValueError for a
        batch that a load has used already.
        """
        self.store.load(batch, self.dataset, self.raw_tables)

    def drop_old_bodies(self, before: date) -> None:
        """Empty the bodies of nights before a day; their typed rows stay."""
        with self.connect() as connection:
            connection.execute(
                f"update {self.dataset}.responses set body = null where as_of_date < ? and body is not null", [before]
            )

    # ------------------------------------------------------------- what the models have taken in

    def committed_loads(self) -> list[str]:
        """The loads that count, oldest first."""
        loads = f"select load_id from {self.dataset}._dlt_loads where status = 0 group by load_id order by min(rowid)"
        return [load_id for (load_id,) in self._all(loads)]

    def unbuilt_loads(self) -> list[str]:
        """The loads that count and that no complete build has taken in: no check has passed with them, oldest first."""
        loads = self.committed_loads()
        if not loads:
            return []
        with self.connect() as connection:
            if "built_loads" not in tables_in(connection, "builds"):
                return loads
            built = {load_id for (load_id,) in connection.execute("select load_id from builds.built_loads").fetchall()}
        return [load_id for load_id in loads if load_id not in built]

    def note_built(self, load_ids: Iterable[str], models: str = "") -> None:
        """Note, after a complete build, which loads it has taken in, by which program, and a key of what its models said."""
        rows = [(load_id,) for load_id in load_ids]
        with self.connect() as connection:
            connection.execute("begin")
            self._make_builds(connection)
            connection.execute("delete from builds.built_loads")
            if rows:
                connection.executemany("insert into builds.built_loads (load_id) values (?)", rows)
            connection.execute("delete from builds.program")
            connection.execute("insert into builds.program values (?)", [f"{self._program} {models}"])
            connection.execute("commit")

    @staticmethod
    def _make_builds(connection: Any) -> None:
        connection.execute("create schema if not exists builds")
        connection.execute("create table if not exists builds.built_loads (load_id varchar)")
        connection.execute("create table if not exists builds.program (version varchar)")

    def is_built(self, models: str = "") -> bool:
        """Whether this very program built the models, and they said what they say now: others may have other columns."""
        return self.store.exists() and self._built_by() == f"{self._program} {models}"

    def _built_by(self) -> str | None:
        """The program that built the models last; None if it is not known, or none has."""
        with self.connect() as connection:
            query = (
                "select 1 from duckdb_tables() where database_name = current_database()"
                " and schema_name = 'builds' and table_name = 'program'"
            )
            if not connection.execute(query).fetchall():
                return None
            found: list[Any] = connection.execute("select version from builds.program").fetchall()
            return found[0][0] if found else None

    @property
    def _program(self) -> str:
        """The version of the program and of its raw tables: the models of another one may say something else."""
        columns = [(name, table.schema.to_string()) for name, table in sorted(self.raw_tables.items())]
        return f"{version('bluum-warehouse')} {sha256(repr(columns).encode()).hexdigest()[:16]}"

    def _lacking(self) -> list[Table]:
        """The raw tables that are not there, or lack a column."""
        with self.connect() as connection:
            found = connection.execute(
                "select table_name, list(column_name) from duckdb_columns()"
                " where database_name = current_database() and schema_name = ? group by all",
                [self.dataset],
            ).fetchall()
        held = {name: set(columns) for name, columns in found}
        return [table for name, table in self.raw_tables.items() if not held.get(name, set()) >= {*table.hints}]


def _source(base_url: str | None, surface: str | None) -> str:
    """A source by name: the API's host and path, and its surface. All of a machine's own ports are one, the sandbox."""
    parts = urlsplit((base_url or "").rstrip("/"))
    is_sandbox = is_loopback(parts.hostname or "")
    host = parts.netloc.lower()
    where = "the sandbox on this machine" if is_sandbox else f"{_NOW_CALLED.get(host, host)}{parts.path}"
    return f"{where} (surface {surface})"
