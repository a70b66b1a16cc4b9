"""Dagster's run history as the command line uses it: made ready, kept small, and written without delay.

What runs is `running.py`; what a run leaves in the warehouse is no history of Dagster's.
"""

import logging
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import dagster as dg
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData, serialize_value
from sqlalchemy import Connection, Engine, QueuePool, create_engine

from assets.project import ROOT
from assets.sensors import STARTED_BY
from pipelines.errors import WarehouseUnusable
from pipelines.settings import Settings

_log = logging.getLogger(__name__)
KEPT_RUNS = 90
_BUSY_SECONDS = 60


class OneWriterEventLog(SqliteEventLogStorage):
    """Dagster's event log with one connection a file for as long as a run lasts.

    Dagster's own makes an engine, a connection and every statement anew for each of some two thousand queries of a night,
    so that many processes can share the files; that is a fifth of a small night.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, Engine] = {}
        self._tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """As Dagster makes it, of this class."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            if shard not in self._engines:
                patience = {"timeout": _BUSY_SECONDS}
                engine = create_engine(
                    self.conn_string_for_shard(shard), poolclass=QueuePool, pool_size=1, connect_args=patience
                )
                self._initdb(engine)
                self._engines[shard] = engine
            with self._engines[shard].begin() as connection:
                yield connection

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table; asked before every look at partitions and tags, so remembered once it is there."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def dispose(self) -> None:
        """Close the files."""
        super().dispose()
        for engine in self._engines.values():
            engine.dispose()


@contextmanager
def run_history(home: Path) -> Iterator[dg.DagsterInstance]:
    """Dagster's instance of a folder, with the event log that suits one writer."""
    log = {
        "module": OneWriterEventLog.__module__,
        "class": OneWriterEventLog.__name__,
        "config": {"base_dir": str(home / "history" / "runs")},
    }
    with dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home), overrides={"event_log_storage": log})) as instance:
        yield instance


def dagster_home(settings: Settings) -> Path:
    """The folder of Dagster's run history, made ready; a damaged one is put aside, since it is worth less than a night.

    Raises WarehouseUnusable if it cannot be written.
    """
    home = settings.folder / "dagster"
    try:
        if home.exists() and not _is_sound(home):
            aside = home.with_name(f"dagster.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S}")
            home.rename(aside)
            _log.warning("Dagster's run history was damaged and is now %s; a new one begins.", aside)
        home.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "dagster.yaml", home / "dagster.yaml")
    except OSError as error:
        raise WarehouseUnusable(f"Dagster's run history {home} cannot be written: {error.strerror or error}") from error
    return home


def _is_sound(home: Path) -> bool:
    for name in ("history/runs.db", "history/runs/index.db", "schedules/schedules.db"):
        if (home / name).exists():
            try:
                with closing(sqlite3.connect(home / name)) as connection:
                    if connection.execute("pragma quick_check(1)").fetchall() != [("ok",)]:
                        return False
            except sqlite3.OperationalError:
                continue  # somebody else is at it, `bluum dev` perhaps
            except sqlite3.DatabaseError:
                return False
    return home.is_dir()


def forget_old_runs(instance: dg.DagsterInstance, home: Path, keep: int = KEPT_RUNS) -> None:
    """Delete all but the newest runs of ours from Dagster's history: nothing else does, and each is about a megabyte."""
    for run_id in instance.get_run_ids(dg.RunsFilter(tags={STARTED_BY: "cli"}))[keep:]:
        events = home / "history" / "runs" / f"{run_id}.db"
        events.unlink(missing_ok=True)  # first, too: a damaged one must not be opened
        instance.delete_run(run_id)
        events.unlink(missing_ok=True)
        shutil.rmtree(home / "storage" / run_id, ignore_errors=True)


def forget_runs(instance: dg.DagsterInstance, home: Path, text: str) -> int:
    """Delete every run whose events name something, and every other file of the folder that does. Returns how many runs.

    SQLite leaves what was deleted in the free room of its files, so these are written anew.
    """
    named = [
        run_id
        for run_id in instance.get_run_ids()
        if any(text in serialize_value(entry) for entry in instance.all_logs(run_id))
    ]
    for run_id in named:
        instance.delete_run(run_id)
        (home / "history" / "runs" / f"{run_id}.db").unlink(missing_ok=True)
        shutil.rmtree(home / "storage" / run_id, ignore_errors=True)
    for path in [path for path in home.rglob("*") if path.is_file()]:
        if path.suffix == ".db":
            with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as connection:
                connection.execute("vacuum")
                connection.execute("pragma wal_checkpoint(truncate)")
        elif ".db-" not in path.name and text.encode() in path.read_bytes():
            path.unlink()
    return len(named)


def close_dead_runs(instance: dg.DagsterInstance) -> None:
    """Mark runs of ours that were killed as failed: we hold the lock that each of them held to its end."""
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED], tags={STARTED_BY: "cli"})):
        instance.report_run_failed(run, "its process died")
