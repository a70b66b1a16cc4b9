"""What is printed of a night and of a data folder: every gap by its name, and nothing that is not so."""

import io
import json
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from socket import gethostname

import pytest
from helpers.faulty import Sandbox, running
from helpers.faulty.rules import Rule
from helpers.house import House
from rich.console import Console

from cli.summary import print_status, print_summary
from pipelines.api.endpoints import MARKET_ZONE
from pipelines.destination.lock import holding
from pipelines.errors import NotPublished
from sandbox.server import Options


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running(Options(accounts=8, rate_limit=0)) as sandbox:
        yield sandbox


@pytest.fixture
def house(sandbox: Sandbox, tmp_path: Path) -> House:
    sandbox.faults.clear()
    return House(sandbox, tmp_path)


def summary(house: House, **settings: object) -> tuple[int, str]:
    """Exit code and text of a night's end."""
    said = io.StringIO()
    progress = house.sync(**settings)
    code = print_summary(house.settings(**settings), Console(file=said, width=400), progress, "run", 1.0)
    return code, said.getvalue()


def status(house: House) -> str:
    said = io.StringIO()
    print_status(house.settings(), Console(file=said, width=400))
    return said.getvalue()


def test_whatever_is_missing_is_named_however_much_it_is(house: House) -> None:
    accounts = house.account_ids(*range(8))
    house.sandbox.faults.set([Rule("forbidden", endpoint=name) for name in ("positions", "portfolios", "pnl")])

    code, said = summary(house)

    assert code == 3
    missing = [line for line in said.splitlines() if line.startswith("Missing: ")]
    assert len(missing) == 24
    assert all(sum(account in line for line in missing) == 3 for account in accounts)


def test_a_night_without_accounts_is_complete(house: House) -> None:
    house.sandbox.faults.set([Rule("empty_roster")])

    code, said = summary(house)

    assert code == 0
    assert "0 landed of 0 expected" in said


def test_an_account_that_is_wanted_and_in_no_roster_is_named(house: House) -> None:
    (known,) = house.account_ids(0)

    code, said = summary(house, accounts=f"{known},acc_nobody")

    assert code == 3
    assert "Not in the roster, though BLUUM_ACCOUNTS names them: acc_nobody" in said
    assert "1 landed of 1 expected" in said


def test_a_night_that_outlasts_its_day_says_until_when_it_was_asked(house: House) -> None:
    house.sandbox.clock.set(datetime(2022, 6, 16, 3, 59, 30, tzinfo=MARKET_ZONE))
    house.sandbox.faults.set([Rule("rate_limited", endpoint="pnl", seconds=40, count=1)])

    code, said = summary(house)

    assert code == 0
    assert "Night of 2022-06-15" in said
    assert "The night outlasted its day, which ends at 04:00 in New York: its last answers are of 2022-06-16 04:00." in said


def test_a_writer_that_was_killed_is_not_said_to_be_writing(house: House) -> None:
    with holding(house.data_dir, "a test"):
        assert "Writing now: `a test`" in status(house)
    with subprocess.Popen(["true"]) as dead:
        dead.wait()
    note = {"purpose": "a dead one", "pid": dead.pid, "host": gethostname(), "since": "s"}
    (house.data_dir / "writer.json").write_text(json.dumps(note))
    assert "Writing now" not in status(house)


def test_a_damaged_bi_file_is_one_line_that_says_how_to_mend_it(house: House) -> None:
    (house.data_dir / "bi.duckdb").write_bytes(b"no database" * 1000)
    with pytest.raises(NotPublished, match="`bluum publish` writes it anew"):
        status(house)
