"""An account forgotten in the warehouse: gone from every table, body and block, and left out of what comes later."""

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest
from helpers.faulty import Rule, running
from helpers.house import House

from pipelines.api.forgotten import Forgotten
from pipelines.api.paginator import Paginator
from pipelines.destination.forgetting import NotForgotten, check_known, forget, forgotten, note_finished, rewrite
from pipelines.destination.warehouse import Warehouse
from pipelines.night.replay import replay
from sandbox.server import Options

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Three accounts, one night."""
    with running(Options(accounts=3, rate_limit=0)) as operator:
        operator.clock.to_night(date(2022, 6, 13))
        house = House(operator, tmp_path_factory.mktemp("night") / "data")
        house.sync()
        yield house


@pytest.fixture
def house(night: House, tmp_path: Path) -> House:
    """The same night in a folder of its own."""
    shutil.copytree(night.data_dir, tmp_path / "data")
    return House(night.sandbox, tmp_path / "data")


def anywhere(house: House, text: str) -> list[str]:
    """The tables, of any schema, that hold a text."""
    with duckdb.connect(str(house.warehouse), read_only=True) as connection:
        tables = connection.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
        holding = "select count(*) from {} as held where contains(row_to_json(held)::varchar, ?)"
        return [name for (name,) in tables if connection.execute(holding.format(name), [text]).fetchall() != [(0,)]]


def test_every_row_answer_and_place_in_a_roster_is_gone_and_nothing_of_the_others(house: House) -> None:
    (account_id,) = house.account_ids(0)
    others = house.truth(without=[account_id])
    portfolios = [name for (name,) in house.rows("select portfolio_id from raw.portfolios where account_id = ?", account_id)]
    assert portfolios
    assert {"raw.responses", "raw.plan", "raw.accounts", "raw.positions"} <= {*anywhere(house, account_id)}

    gone = forget(Warehouse(house.warehouse), [account_id])

    assert gone.rosters == 1
    assert gone.rows > 10
    assert [anywhere(house, text) for text in (account_id, *portfolios)] == [[]] * (1 + len(portfolios))
    assert house.truth() == others


def test_a_roster_that_is_read_again_comes_to_the_same_without_the_account(house: House) -> None:
    (account_id,) = house.account_ids(1)
    forget(Warehouse(house.warehouse), [account_id])
    counted = "select response_id, row_count from raw.responses order by all"
    before, counts = house.truth(), house.rows(counted)

    replay(Warehouse(house.warehouse), everything=True)

    assert house.truth() == before
    assert house.rows(counted) == counts
    assert anywhere(house, account_id) == []


def test_a_row_of_the_roster_that_waits_in_quarantine_is_gone_too(night: House, tmp_path: Path) -> None:
    house = House(night.sandbox, tmp_path / "data")
    house.sandbox.faults.set([Rule("replace", endpoint="accounts", pointer="/1/balance", raw='"lots"')])
    house.sync()
    house.sandbox.faults.clear()
    (account_id,) = house.account_ids(1)
    assert house.rows("select account_id from raw.quarantine") == [(None,)]

    check_known(Warehouse(house.warehouse), [account_id])  # by what was asked about it
    forget(Warehouse(house.warehouse), [account_id])

    assert anywhere(house, account_id) == []
    assert house.rows("from raw.quarantine") == []


def test_what_was_deleted_stays_in_the_files_free_room_until_it_is_written_anew(house: House) -> None:
    (account_id,) = house.account_ids(1)
    warehouse = Warehouse(house.warehouse)
    forget(warehouse, [account_id])
    assert account_id.encode() in house.warehouse.read_bytes(), "then there would be nothing to do"

    rewrite(warehouse)

    assert account_id.encode() not in house.warehouse.read_bytes()


def test_one_line_says_when_and_by_whom_and_not_who(house: House) -> None:
    (account_id,) = house.account_ids(1)
    warehouse = Warehouse(house.warehouse)
    forget(warehouse, [account_id])
    columns = "account_digest, forgotten_by, rows_deleted > 0, rosters_rewritten, finished_at is null"
    query = f"select {columns} from raw.forgotten"
    digest = forgotten(warehouse).digest(account_id)
    ((held, by, *told),) = house.rows(query)
    assert held == digest
    assert by.startswith("bluum forget, ")
    assert told == [True, 1, True]

    forget(warehouse, [account_id])  # as after a kill
    note_finished(warehouse, [account_id])

    assert house.rows(query) == [(digest, by, True, 1, False)]


def test_the_digests_of_one_warehouse_are_of_no_use_in_another() -> None:
    assert Forgotten("one").digest("acc_1") != Forgotten("another").digest("acc_1")


def test_an_unknown_account_is_refused_before_anything_is_done(house: House) -> None:
    with pytest.raises(NotForgotten, match="knows no account acc_nobody; nothing was done"):
        check_known(Warehouse(house.warehouse), ["acc_nobody"])
    with pytest.raises(NotForgotten, match="knows no account"):
        check_known(Warehouse(house.data_dir / "none.duckdb"), ["acc_nobody"])


def test_an_account_that_is_forgotten_is_known_to_whoever_runs_the_command_again(house: House) -> None:
    (account_id,) = house.account_ids(1)
    warehouse = Warehouse(house.warehouse)
    forget(warehouse, [account_id])
    check_known(warehouse, [account_id])


def test_the_pages_of_a_roster_follow_each_other_without_the_accounts_on_their_edges() -> None:
    names = Forgotten("salt")
    left_out = Forgotten("salt", frozenset({names.digest("c"), names.digest("d")}))
    reading = Paginator({"limit": "3", "offset": "0"})
    items = []
    for page in ("abc", "cd", "de"):  # each begins with the last that was held
        body = {"data": [{"id": name} for name in page], "has_more": page != "de"}
        items += reading.add(left_out.without(body))
    assert [item["id"] for item in items] == ["a", "b", names.digest("c"), names.digest("d"), "e"]  # type: ignore[index, call-overload]


def test_the_next_night_neither_asks_nor_keeps_an_account_that_bluum_still_lists(house: House) -> None:
    (account_id,) = house.account_ids(1)
    forget(Warehouse(house.warehouse), [account_id])
    house.next_night()

    progress = house.sync()

    assert (progress.left_out, progress.failures) == (1, [])
    assert not any(account_id in path for path in house.asked())
    assert anywhere(house, account_id) == []
    nights = "select as_of_date, count(distinct account_id) from raw.accounts group by all order by all"
    assert house.rows(nights) == [(date(2022, 6, 13), 2), (date(2022, 6, 14), 2)]
