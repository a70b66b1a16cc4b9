"""A client's right to be erased, by the program as installed: after it, no byte of the data folder names the account.

The folder has everything that a folder can have: nights with failures, archived reports, pages made to be sent, an export,
leftovers of mended files, Dagster's history. The command is killed twice on its way.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from helpers.faulty import Rule, Sandbox, running
from helpers.program import bluum, marts, refused, settings_for, zygote
from helpers.search import everything, found

from sandbox.server import Options

pytestmark = pytest.mark.long


@dataclass
class Erased:
    """A folder before and after an account was forgotten in it."""

    sandbox: Sandbox
    data: Path
    account_id: str
    wanted: dict[str, bytes]
    places_before: set[str]
    marts_before: dict[str, list[tuple[object, ...]]]
    killed: list[int]
    said: subprocess.CompletedProcess[str]
    later: subprocess.CompletedProcess[str]
    asked_later: list[str]


@pytest.fixture(scope="module")
def erased(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Erased]:
    folder = tmp_path_factory.mktemp("erased")
    data = folder / "data"
    with running(Options(accounts=4, rate_limit=0)) as sandbox:
        settings = settings_for(sandbox, data)
        account_id = sandbox.world.accounts[0].account_id

        def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            return bluum(*arguments, cwd=folder, **settings)

        sandbox.faults.set([Rule("status", status=400, endpoint="pnl", account=account_id)])
        assert run("sync").returncode == 3
        sandbox.faults.clear()
        sandbox.clock.to_night(sandbox.clock.market_date().replace(day=16))
        assert run("sync").returncode == 0
        assert run("report", "--account", account_id).returncode == 0
        assert run("export").returncode == 0
        shutil.copy(data / "warehouse.duckdb", data / "warehouse.duckdb.damaged-20220615T220000")
        shutil.copy(data / "bi.duckdb", data / "bi.duckdb.building")
        wanted = {name: name.encode() for name in _ids(data, account_id)}
        before = {place.removeprefix(f"{data}/") for place, _ in found(data, wanted)}
        marts_before = marts(data)

        killed = [
            _killed(folder, settings, account_id, when)
            for when in (
                lambda: not (data / "export").exists(),  # the rows are gone, the file is being written anew
                lambda: (data / "dbt" / "dbt.log").exists(),  # the models are being built
            )
        ]
        said = run("forget", "--account", account_id)
        sandbox.clock.to_night(sandbox.clock.market_date().replace(day=17))
        sandbox.requests.clear()
        later = run("sync")
        asked = [entry.path for entry in sandbox.requests.entries]
        yield Erased(sandbox, data, account_id, wanted, before, marts_before, killed, said, later, asked)


def _ids(data: Path, account_id: str) -> list[str]:
    """The account's id, and those of its portfolios and positions."""
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as connection:
        query = """
            select account_id from raw.accounts where account_id = $1
            union select portfolio_id from raw.portfolios where account_id = $1
            union select position_id from raw.positions where account_id = $1
        """
        return [name for (name,) in connection.execute(query, [account_id]).fetchall()]


def _killed(folder: Path, settings: dict[str, str], account_id: str, when: Callable[[], bool]) -> int:
    """Begin to forget, and be killed. Returns the exit code."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), **settings}
    pid = zygote().start("forget", "--account", account_id, env=env, output=folder / "killed.out", cwd=folder)
    deadline = time.monotonic() + 120
    while not when() and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    return zygote().wait()


def test_the_search_would_find_the_account_in_all_that_is_kept(erased: Erased) -> None:
    assert len(erased.wanted) > 4
    kinds = {
        "warehouse.duckdb",
        "warehouse.duckdb, raw.responses",
        "warehouse.duckdb.damaged-20220615T220000",
        "bi.duckdb",
        "bi.duckdb.building",
        f"reports/accounts/{erased.account_id}/accounts/{erased.account_id}.html",
    }
    assert kinds <= erased.places_before
    for kind in ("reports/2022-06-15/", "reports/2022-06-16/", "export/marts.accounts.parquet", "dagster/"):
        assert any(place.startswith(kind) for place in erased.places_before), kind


def test_killed_twice_the_same_command_finishes(erased: Erased) -> None:
    assert erased.killed == [-signal.SIGKILL] * 2
    assert erased.said.returncode == 0, erased.said.stderr
    assert "backups" in erased.said.stdout
    with duckdb.connect(str(erased.data / "warehouse.duckdb"), read_only=True) as connection:
        (line,) = connection.execute("select rows_deleted > 0, finished_at > forgotten_at from raw.forgotten").fetchall()
    assert line == (True, True)


def test_no_byte_names_the_account_nor_what_it_held(erased: Erased) -> None:
    assert len(list(everything(erased.data))) > 100, "the search looked at next to nothing"
    assert found(erased.data, erased.wanted) == []


def test_the_others_stand_as_they_were_and_the_firm_is_told_anew(erased: Erased) -> None:
    after = marts(erased.data)
    with duckdb.connect(str(erased.data / "bi.duckdb"), read_only=True) as connection:
        nights = "select as_of_date::varchar, count(distinct account_id) from marts.pnl_daily group by all order by all"
        assert connection.execute(nights).fetchall() == [("2022-06-15", 3), ("2022-06-16", 3), ("2022-06-17", 3)]
    for table in ("marts.positions_daily", "marts.policy_versions"):
        held = [row for row in erased.marts_before[table] if erased.account_id not in row]
        assert set(held) <= set(after[table])
    assert erased.marts_before["marts.firm_daily"] != after["marts.firm_daily"]


def test_the_next_night_leaves_the_account_out_and_says_so(erased: Erased) -> None:
    assert erased.later.returncode == 0, erased.later.stdout + erased.later.stderr
    assert "Left out: 1 account(s) that Bluum still lists" in erased.later.stdout
    assert "3 landed of 3 expected" in " ".join(erased.later.stdout.split())
    assert not any(erased.account_id in path for path in erased.asked_later)


def test_a_rebuild_keeps_it_out(erased: Erased) -> None:
    run = bluum("rebuild", cwd=erased.data.parent, **settings_for(erased.sandbox, erased.data))
    assert run.returncode == 0, run.stderr
    assert found(erased.data, erased.wanted) == []


def test_an_unknown_account_is_told_in_one_line(erased: Erased) -> None:
    settings = settings_for(erased.sandbox, erased.data)
    line = refused(bluum("forget", "--account", "nobody", cwd=erased.data.parent, **settings))
    assert line == f"bluum: {erased.data / 'warehouse.duckdb'} knows no account nobody; nothing was done"
