"""Kept answers read again: the same rows, or better ones, in place of the old; and nothing lost by a kill in between."""

import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from helpers.faulty import Rule, running
from helpers.house import House

from pipelines.destination.warehouse import Warehouse
from pipelines.night.replay import read_again, replay
from pipelines.schema.tables import TABLES
from sandbox.server import Options


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Two accounts, one night, whose first position cannot be read exactly."""
    with running(Options(accounts=2, rate_limit=0)) as operator:
        operator.clock.to_night(date(2022, 6, 13))
        yield House(operator, tmp_path / "data")


def quarantine_a_position(house: House) -> None:
    rule = {"kind": "replace", "endpoint": "positions", "pointer": "/0/quantity", "raw": '"1.0000000000000000001"'}
    house.sandbox.faults.set([Rule(**rule, account=house.account_ids(0)[0])])
    house.sync()
    house.sandbox.faults.clear()


def learn_to_read(house: House) -> None:
    """As if the program had learned to read the one value: the kept body has one that it reads."""
    with duckdb.connect(str(house.warehouse)) as connection:
        connection.execute(
            "update raw.responses set body = replace(body, '1.0000000000000000001', '1.5')"
            " where endpoint = 'positions' and body like '%1.0000000000000000001%'"
        )


def everything(house: House) -> dict[str, Counter[tuple[Any, ...]]]:
    """All rows of all raw tables, but for the load they came with."""
    found = {}
    for name in TABLES:
        columns = ", ".join(TABLES[name].hints)
        found[name] = Counter(house.rows(f"select {columns} from raw.{name}"))
    return found


def test_a_rebuild_gives_the_same_rows_and_asks_nothing(house: House) -> None:
    house.sync()
    before, loads = everything(house), len(Warehouse(house.warehouse).committed_loads())
    house.sandbox.requests.clear()

    result = replay(Warehouse(house.warehouse), everything=True)

    assert everything(house) == before
    kept = "select count(*) from raw.responses where status = 200"  # of one that said "there is none" nothing is read
    assert house.rows(kept) == [(result.responses,)]
    log = ("responses", "plan", "quarantine", "new_fields")
    assert result.rows == sum(rows.total() for name, rows in before.items() if name not in log)
    assert (result.quarantined, result.rejected) == (0, 0)
    assert house.sandbox.requests.total == 0
    assert len(Warehouse(house.warehouse).committed_loads()) == loads + 1, "it is a load like any other"


def test_a_rebuild_twice_over_is_as_good_as_one(house: House) -> None:
    house.sync()
    before = everything(house)
    for _ in range(2):
        replay(Warehouse(house.warehouse), everything=True)
    assert everything(house) == before


def test_a_row_in_quarantine_lands_once_the_program_can_read_it(house: House) -> None:
    quarantine_a_position(house)
    learn_to_read(house)
    before = everything(house)

    result = replay(Warehouse(house.warehouse))

    after = everything(house)
    assert (result.responses, result.quarantined) == (1, 0)
    assert (before["quarantine"].total(), after["quarantine"].total()) == (1, 0)
    assert after["positions"].total() == before["positions"].total() + 1
    assert after["plan"] == before["plan"]
    assert {name for name in TABLES if after[name] != before[name]} == {"quarantine", "positions", "responses"}
    counted = "select sum(row_count) from raw.responses where endpoint = 'positions'"
    listed = "select count(*) from raw.positions join raw.responses using (response_id) where endpoint = 'positions'"
    assert house.rows(counted) == house.rows(listed)
    assert Warehouse(house.warehouse).standing(date(2022, 6, 13)).quarantined == []


def test_what_cannot_be_read_yet_stays_as_it_is(house: House) -> None:
    quarantine_a_position(house)
    before = everything(house)
    result = replay(Warehouse(house.warehouse))
    assert (result.responses, result.quarantined) == (1, 1)
    assert everything(house) == before


def test_a_response_whose_body_was_dropped_keeps_its_rows(house: House) -> None:
    house.sync()
    Warehouse(house.warehouse).drop_old_bodies(date(2022, 6, 14))
    before = everything(house)
    assert replay(Warehouse(house.warehouse), everything=True).responses == 0
    assert everything(house) == before


# ------------------------------------------------------------------ a kill in between


class _Killed(Warehouse):
    """A warehouse whose process is killed between a load's commit and the deletion of what it replaces."""

    def drop_superseded(self) -> None:
        if len(self.committed_loads()) > 1:
            os.kill(os.getpid(), signal.SIGKILL)
        super().drop_superseded()


def _replay_until_killed(path: Path) -> None:
    replay(_Killed(path))


def killed_after_its_commit(house: House) -> None:
    child = multiprocessing.get_context("spawn").Process(target=_replay_until_killed, args=(house.warehouse,))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL


def load_again(house: House) -> None:
    """Load what was read again, and no more: the state in which a kill right after the commit leaves the file."""
    warehouse = Warehouse(house.warehouse)
    warehouse.sweep()
    for responses in warehouse.kept_answers(1_000, troubled_only=True):
        warehouse.load(read_again(responses))


def test_killed_before_its_commit_a_response_is_as_it_was(house: House) -> None:
    quarantine_a_position(house)
    learn_to_read(house)
    before = everything(house)
    load_again(house)
    assert everything(house) != before
    with duckdb.connect(str(house.warehouse)) as connection:  # the last thing dlt writes, and what a kill keeps it from
        connection.execute("delete from raw._dlt_loads where rowid = (select max(rowid) from raw._dlt_loads)")

    Warehouse(house.warehouse).sweep()

    assert everything(house) == before


def test_killed_after_its_commit_a_response_is_as_it_is_now(house: House) -> None:
    quarantine_a_position(house)
    learn_to_read(house)
    before = everything(house)
    killed_after_its_commit(house)
    both = everything(house)
    assert both["responses"].total() == before["responses"].total() + 1, "the kill came where it was meant to"

    Warehouse(house.warehouse).sweep()

    after = everything(house)
    assert after["quarantine"].total() == 0
    assert after["positions"].total() == before["positions"].total() + 1
    assert after["responses"].total() == before["responses"].total()
    house.sandbox.requests.clear()
    assert house.sync().asked == 0, "the night goes on as if nothing had been"
    assert everything(house) == after


def test_the_newest_load_is_the_last_that_committed_whatever_a_clock_said(house: House) -> None:
    quarantine_a_position(house)
    learn_to_read(house)
    load_again(house)
    with duckdb.connect(str(house.warehouse)) as connection:
        newest = connection.execute("select load_id from raw._dlt_loads order by rowid desc limit 1").fetchall()[0][0]
        for name in TABLES:  # as a clock that was set back since the first load would have numbered it
            connection.execute(f"update raw.{name} set _dlt_load_id = '1.0' where _dlt_load_id = '{newest}'")
        connection.execute(f"update raw._dlt_loads set load_id = '1.0' where load_id = '{newest}'")

    Warehouse(house.warehouse).sweep()

    assert house.rows("select count(*) from raw.quarantine") == [(0,)]
    assert house.rows("select distinct _dlt_load_id from raw.responses where _dlt_load_id = '1.0'") == [("1.0",)]
