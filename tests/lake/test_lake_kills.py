"""A lake keeps the promises of a file: killed anywhere and finished, one writer on however many machines, nothing told.

A night into a lake that is killed again and again, and then finishes, is the night in a file that nobody disturbed, digit
for digit. The catalog asks for a password, and what is left of all that is searched for it.
"""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.differences import differences
from helpers.faulty import running
from helpers.house import target
from helpers.kills import Slaughter
from helpers.lakes import PASSWORD, Catalog, start, stop
from helpers.program import zygote

from pipelines.destination.lake_lock import holding_lake
from sandbox.server import Options

KILLS = 4
LATENCY = 0.4  # so that a night of eight accounts is seconds long, and has several batches


@pytest.fixture
def started(catalog: Catalog, tmp_path: Path) -> Iterator[Slaughter]:
    """A sync that has been asking for a while; the test ends it."""
    with running(Options(accounts=8, rate_limit=0, latency=LATENCY)) as sandbox:
        yield Slaughter(sandbox, tmp_path / "data", zygote(), catalog=catalog)


def test_kills_of_one_night_in_a_lake_leave_no_trace(server: Any, catalog: Catalog, tmp_path: Path) -> None:
    catalog.user = catalog.with_a_password("bluum")
    options = Options(accounts=8, rate_limit=0, latency=LATENCY)
    with running(options) as sandbox, running(options) as same_again:
        killed = Slaughter(sandbox, tmp_path / "killed", zygote(), catalog=catalog)
        calm = Slaughter(same_again, tmp_path / "calm", zygote())
        killed.night(KILLS)
        assert calm.finish() == 0, calm.output

    print(killed.report)
    assert killed.report.complaints == []
    assert sum(killed.report.kills.values()) == KILLS
    assert killed.report.repeated == {}
    assert differences(killed.place, calm.place) == []
    assert PASSWORD not in killed.output
    assert [path for path in tmp_path.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()] == []


def test_a_catalog_that_ends_while_the_models_run_ends_the_night_in_one_line_and_the_next_start_finishes(
    started: Slaughter, server: Any
) -> None:
    pid = started.start()
    started.until(pid, lambda: started.stage(pid) == "dbt")
    stop(server)

    assert started.zygote.wait() == 1, started.output
    (line,) = started.output.splitlines()
    assert line.startswith("bluum: the models or their checks failed")
    assert "what was asked has landed" in line

    start(server)
    assert started.finish() == 0, started.output
    assert set(map(target, started.sandbox.requests.entries)) == {"/v1/accounts"}, "a complete night is asked for its date"


def test_two_machines_that_sync_one_profile_do_not_meet(started: Slaughter, tmp_path: Path) -> None:
    pid = started.start()
    started.until(pid, lambda: started.sandbox.requests.total >= 5)

    second = subprocess.run(
        [Path(sys.executable).with_name("bluum"), "sync"],
        env={**os.environ, **started.environment, "BLUUM_DATA_DIR": str(tmp_path / "another machine")},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert second.returncode == 1
    (line,) = second.stderr.splitlines()
    assert line.startswith(f"bluum: `bluum sync (process {pid} on ")
    assert "is writing to the lake ducklake:postgres:" in line
    assert line.endswith("nothing was done")

    os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    with holding_lake(started.catalog.lake(), "a test"):
        assert time.monotonic() - began < 1, "the successor has it at once"
    started.zygote.wait()
    assert max(Counter(target(entry) for entry in started.sandbox.requests.entries).values()) == 1
