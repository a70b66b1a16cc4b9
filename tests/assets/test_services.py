"""Dagster as a service, its records in Postgres: a scheduled night is killed in its middle with all else, and finished."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from helpers.engines.postgres import serving
from helpers.faulty import Rule, running
from helpers.house import doubled
from helpers.processes import children
from helpers.program import settings_for

from assets.project import ROOT
from assets.unfinished import DIED, RESTARTS
from sandbox.server import Options

pytestmark = pytest.mark.long
DEPLOYED = ROOT / "deploy" / "dagster.yaml"
PATIENCE = 400.0
SELDOM = "0 0 1 1 *"


@contextmanager
def daemon(folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Dagster's daemon as the unit starts it, and nothing of it afterwards: killed at once, with all that it has started."""
    program = Path(sys.executable).with_name("dagster-daemon")
    command = [program, "run", "--module-name", "assets.definitions", "--working-directory", ROOT]
    said = (folder / "daemon.log").open("a")
    with said, subprocess.Popen(command, cwd=folder, env={**environment}, stdout=said, stderr=said) as process:
        try:
            yield
        finally:
            for pid in [process.pid, *children(process.pid)]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def wait_until(what: Callable[[], bool], folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, (folder / "daemon.log").read_text()[-4000:]
        time.sleep(0.2)


def test_a_scheduled_night_that_is_killed_with_its_daemon_is_closed_and_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, data = tmp_path / "dagster", tmp_path / "data"
    home.mkdir()
    (home / "dagster.yaml").write_text(DEPLOYED.read_text())
    with serving() as server, running(Options(accounts=3, rate_limit=0)) as sandbox:
        url = server.get_uri("postgres").replace("postgresql://", "postgresql+psycopg2://")
        monkeypatch.setenv("DAGSTER_POSTGRES_URL", url)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "DAGSTER_HOME": str(home),
            "DAGSTER_POSTGRES_URL": url,
            "BLUUM_RATE_LIMIT": "0",
            **settings_for(sandbox, data),
        }
        sandbox.faults.set([Rule("hold", endpoint="pnl", seconds=PATIENCE)])
        with daemon(tmp_path, {**environment, "BLUUM_TIMEOUT": str(PATIENCE), "BLUUM_NIGHTLY_CRON": "* * * * *"}):
            wait_until(lambda: any("/reports/pnl" in entry.path for entry in sandbox.requests.entries), tmp_path)
        sandbox.faults.clear()

        with dg.DagsterInstance.from_config(str(home)) as instance:

            def finished() -> list[dg.DagsterRun]:
                return list(instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS], job_name="nightly")))

            (killed,) = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
            with daemon(tmp_path, {**environment, "BLUUM_NIGHTLY_CRON": SELDOM}):
                wait_until(lambda: bool(finished()), tmp_path)

            (restarted,) = [run for run in finished() if RESTARTS in run.tags]
            closed = instance.get_run_by_id(killed.run_id)
            assert closed
            assert closed.status is dg.DagsterRunStatus.FAILURE
            (failure,) = instance.all_logs(killed.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
            assert failure.get_dagster_event().message == DIED
            assert restarted.tags["dagster/run_key"] == f"after {killed.run_id}"
    assert doubled(data / "warehouse.duckdb") == []
    with duckdb.connect(str(data / "bi.duckdb"), read_only=True) as connection:
        complete = "select bool_and(is_complete), count(distinct as_of_date) from marts.sync_coverage_daily"
        assert connection.execute(complete).fetchall() == [(True, 1)]
