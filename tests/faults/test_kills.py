"""A night that is killed again and again, and then finishes, is the night that nobody disturbed.

Exactly once at any kill: no row lost, none doubled, and nothing asked again that a committed batch had answered. A request
that was on its way or not yet committed when the kill came is asked again; that is the price of a kill.
"""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.differences import differences
from helpers.faulty import running
from helpers.house import House, target
from helpers.kills import Slaughter
from helpers.lakes import rows
from helpers.program import zygote
from helpers.zygote import is_alive, processes_below

from pipelines.destination.lock import holder, holding
from sandbox.server import Options

KILLS = 6
LATENCY = 0.4  # so that a night of eight accounts is seconds long, and has several batches


def test_half_a_dozen_kills_of_one_night_leave_no_trace(tmp_path: Path) -> None:
    options = Options(accounts=8, rate_limit=0, latency=LATENCY)
    with running(options) as sandbox, running(options) as same_again:
        killed = Slaughter(sandbox, tmp_path / "killed", zygote())
        calm = Slaughter(same_again, tmp_path / "calm", zygote())
        killed.night(KILLS)
        assert calm.finish() == 0, calm.output

    print(killed.report)
    assert killed.report.complaints == []
    assert sum(killed.report.kills.values()) == KILLS
    assert killed.report.repeated == {}
    assert differences(killed.place, calm.place) == []


# ----------------------------------------------------------------- being told to stop, and finding another at work


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Slaughter]:
    """A sync that has been asking for a while; the test ends it."""
    with running(Options(accounts=8, rate_limit=0, latency=LATENCY)) as sandbox:
        yield Slaughter(sandbox, tmp_path / "data", zygote())


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["SIGTERM", "Ctrl-C"])
def test_a_signal_ends_the_batch_says_what_landed_and_how_to_go_on(started: Slaughter, number: int, code: int) -> None:
    pid = started.start()
    started.until(pid, lambda: started.sandbox.requests.total >= 20)

    os.kill(pid, number)

    assert started.zygote.wait() == code, started.output
    (line,) = [line for line in started.output.splitlines() if "stopped by" in line]
    landed = rows(started.data_dir / "warehouse.duckdb", "select count(*) from raw.responses")[0][0]
    assert f"{landed} responses have landed for 2022-06-15" in line
    assert "the same command goes on from here" in line
    assert not (started.data_dir / "bi.duckdb").exists()
    assert not (started.data_dir / "writer.json").exists()
    answered = {
        request_id for (request_id,) in rows(started.data_dir / "warehouse.duckdb", "select request_id from raw.responses")
    }
    before = {target(entry) for entry in started.sandbox.requests.entries if entry.request_id in answered}
    assert len(before) == landed >= 12

    started.sandbox.requests.clear()
    assert House(started.sandbox, started.data_dir).sync().failures == []
    assert not before & {target(entry) for entry in started.sandbox.requests.entries}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["SIGTERM", "Ctrl-C"])
def test_a_signal_while_the_models_run_publishes_nothing_and_leaves_no_dbt_behind(
    started: Slaughter, number: int, code: int
) -> None:
    pid = started.start()
    started.until(pid, lambda: started.stage(pid) == "dbt")
    children = processes_below(pid)

    os.kill(pid, number)

    assert started.zygote.wait() == code, started.output
    assert "Traceback" not in started.output
    assert not (started.data_dir / "bi.duckdb").exists()
    started.until_so(lambda: not any(is_alive(child) for child in children))


def test_a_killed_sync_takes_its_dbt_with_it(started: Slaughter) -> None:
    pid = started.start()
    started.until(pid, lambda: started.stage(pid) == "dbt")
    children = processes_below(pid)

    os.kill(pid, signal.SIGKILL)

    assert started.zygote.wait() == -signal.SIGKILL
    started.until_so(lambda: not any(is_alive(child) for child in children))
    assert not (started.data_dir / "dbt" / "dbt.log").exists(), "dbt went on after it had been started"


def test_the_second_of_two_syncs_names_the_first_and_leaves(started: Slaughter) -> None:
    pid = started.start()
    started.until(pid, lambda: started.sandbox.requests.total >= 5)

    second = subprocess.run(
        [Path(sys.executable).with_name("bluum"), "sync"],
        env={**os.environ, **started.environment},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert second.returncode == 1
    assert second.stdout == ""
    (line,) = second.stderr.splitlines()
    assert f"`bluum sync` (process {pid} on " in line
    assert "nothing was done" in line
    os.kill(pid, signal.SIGTERM)
    assert started.zygote.wait() == 143, "the first was not disturbed"
    assert max(Counter(target(entry) for entry in started.sandbox.requests.entries).values()) == 1


def test_the_lock_of_a_killed_sync_is_taken_over(started: Slaughter) -> None:
    pid = started.start()
    started.until(pid, lambda: started.sandbox.requests.total >= 5)
    os.kill(pid, signal.SIGKILL)
    started.zygote.wait()
    assert (started.data_dir / "writer.json").exists(), "it had no time to tidy up"

    with holding(started.data_dir, "a test"):
        assert "`a test`" in holder(started.data_dir)
