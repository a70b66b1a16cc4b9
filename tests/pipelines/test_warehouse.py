"""The warehouse over the years: written by an older program, bound to its source, and never read beyond tonight."""

import gc
import gzip
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from helpers.faulty import Rule, running
from helpers.house import House

from pipelines.api.parse import Batch
from pipelines.destination.warehouse import Warehouse
from pipelines.errors import OtherSource, WarehouseUnusable
from pipelines.schema.rows import Rows
from pipelines.schema.table import Column, Table
from pipelines.schema.tables import POSITIONS, RESPONSES, TABLES
from pipelines.schema.values import MONEY, TEXT
from sandbox.server import Options

OLD = Path(__file__).parent / "warehouses" / "two_nights_of_0.1.duckdb.gz"
SECOND_NIGHT = date(2022, 6, 14)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Two accounts, on the evening of 13 June 2022."""
    with running(Options(accounts=2, rate_limit=0)) as operator:
        operator.clock.to_night(date(2022, 6, 13))
        yield House(operator, tmp_path / "data")


@pytest.fixture
def old(house: House) -> House:
    """A data folder with the warehouse of an older program, on the evening of its second night."""
    house.warehouse.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(OLD) as packed, house.warehouse.open("wb") as file:
        shutil.copyfileobj(packed, file)
    house.sandbox.clock.to_night(SECOND_NIGHT)
    return house


def held(house: House) -> dict[str, int]:
    names = house.rows("select table_name from duckdb_tables() where schema_name = 'raw' and table_name[1] != '_'")
    return {name: house.rows(f"select count(*) from raw.{name}")[0][0] for (name,) in names}


def schemas(house: House) -> set[str]:
    return {name for (name,) in house.rows("select distinct schema_name from duckdb_tables() union select 'raw'")}


# ------------------------------------------------------------------ an older program's warehouse


def test_an_older_warehouse_goes_on_where_it_was(old: House) -> None:
    before, (last,) = held(old), old.rows("select max(response_id) from raw.responses")[0]

    assert old.sync().failures == []

    (missing,) = old.asked()
    assert "/reports/pnl" in missing
    assert held(old)["responses"] == before["responses"] + 1
    assert old.rows("select max(response_id) from raw.responses") == [(f"20220614-{int(last[-8:]) + 1:08d}",)]


def test_an_older_warehouse_asks_nothing_again_but_the_roster_for_its_date(old: House) -> None:
    old.sync()
    before = held(old)
    old.sandbox.requests.clear()

    assert old.sync().asked == 0

    assert [path.rpartition("/")[2] for path in old.asked()] == ["accounts"]
    assert held(old) == before


def test_the_night_after_lands_beside_what_the_older_program_wrote(old: House) -> None:
    old.sync()
    old.sandbox.clock.to_night(date(2022, 6, 15))
    old.sandbox.requests.clear()
    assert old.sync().failures == []
    assert not any("version=" in path for path in old.asked()), "the bodies of old policy versions are held"
    nights = "select as_of_date, count(distinct account_id) from raw.positions group by 1 order by 1"
    assert old.rows(nights) == [(date(2022, 6, day), 2) for day in (13, 14, 15)]


def test_what_an_older_program_derived_is_built_anew_and_its_marts_stay(old: House) -> None:
    assert {"staging", "intermediate", "marts"} & schemas(old) >= {"intermediate", "marts"}
    marts = old.rows("select table_name from duckdb_tables() where schema_name = 'marts' order by 1")
    old.sync()
    assert not {"staging", "intermediate"} & schemas(old)
    assert old.rows("select table_name from duckdb_tables() where schema_name = 'marts' order by 1") == marts


def test_what_this_program_has_built_stays(house: House) -> None:
    house.sync()
    warehouse = Warehouse(house.warehouse)
    with duckdb.connect(str(house.warehouse)) as connection:
        connection.execute("create schema intermediate; create table intermediate.int_changes (account_id varchar)")
    warehouse.note_built(warehouse.committed_loads())
    house.sandbox.clock.to_night(SECOND_NIGHT)

    house.sync()

    assert "intermediate" in schemas(house)
    built = set(house.rows("select load_id from builds.built_loads"))
    committed = {(load_id,) for load_id in warehouse.committed_loads()}
    assert built < committed
    assert len(committed - built) == 1


def test_models_that_said_something_else_are_not_these(house: House) -> None:
    house.sync()
    warehouse = Warehouse(house.warehouse)
    assert not warehouse.is_built("what they say now")
    warehouse.note_built(warehouse.committed_loads(), "what they said")
    assert warehouse.is_built("what they said")
    assert not warehouse.is_built("what they say now")
    warehouse.upgrade()
    assert warehouse.is_built("what they said"), "the program itself is the same"


def test_a_new_column_and_a_new_table_reach_a_warehouse_and_nothing_is_asked_again(house: House) -> None:
    house.sync()
    before = held(house)
    wider = replace(POSITIONS, columns=(*POSITIONS.columns, Column("accrued_interest", MONEY, "accrued_interest")))
    more = Table("statements", (Column("statement_id", TEXT, "id", required=True),))
    warehouse = Warehouse(house.warehouse, raw_tables={**TABLES, "positions": wider, "statements": more})
    house.sandbox.requests.clear()

    assert house.sync(warehouse=warehouse).asked == 0

    assert [path.rpartition("/")[2] for path in house.asked()] == ["accounts"]
    assert held(house) == {**before, "statements": 0}
    assert house.rows("select distinct accrued_interest, typeof(accrued_interest) from raw.positions") == [
        (None, "DECIMAL(38,9)")
    ]
    row = {"response_id": "x", "as_of_date": SECOND_NIGHT, "account_id": "a", "position_id": "p", "accrued_interest": 1}
    warehouse.load(Batch({"positions": Rows(wider, [row])}))
    assert house.rows("select accrued_interest from raw.positions where response_id = 'x'") == [(1,)]


def test_a_table_that_is_not_there_yet_does_not_make_a_warehouse_look_empty(house: House) -> None:
    house.sync()
    more = {**TABLES, "statements": Table("statements", (Column("statement_id", TEXT, "id"),))}
    warehouse = Warehouse(house.warehouse, raw_tables=more)
    assert warehouse.newest_night() == date(2022, 6, 13)
    assert len(warehouse.newest_roster()) == 2


# ------------------------------------------------------------------ one source, one warehouse


@pytest.mark.parametrize(
    ("url", "surface", "theirs", "ours"),
    [
        ("https://api.bluumfinance.com/v1", "accounts", "the sandbox on this machine", "api.bluumfinance.com/v1"),
        ("http://127.0.0.1:1/v1", "investors", "(surface accounts)", "(surface investors)"),
    ],
)
def test_a_warehouse_takes_no_answers_of_another_source(
    house: House, url: str, surface: str, theirs: str, ours: str
) -> None:
    house.sync()
    before, asked = held(house), house.sandbox.requests.total
    with pytest.raises(OtherSource) as refused:
        house.sync(BLUUM_BASE_URL=url, surface=surface)
    said = str(refused.value)
    assert theirs in said
    assert ours in said
    assert "BLUUM_DATA_DIR" in said
    assert "\n" not in said
    assert (held(house), house.sandbox.requests.total) == (before, asked)


def test_a_warehouse_of_an_older_program_is_bound_by_its_answers(old: House) -> None:
    with pytest.raises(OtherSource, match="holds the answers of the sandbox on this machine"):
        old.sync(BLUUM_BASE_URL="https://sandbox.bluumfinance.com/v1")


def test_every_port_of_this_machine_is_the_same_sandbox(house: House) -> None:
    house.sync()
    with running(Options(accounts=2, rate_limit=0)) as another:
        another.clock.to_night(SECOND_NIGHT)
        assert House(another, house.data_dir).sync().failures == []
    nights = "select count(distinct as_of_date), count(distinct base_url) from raw.responses"
    assert house.rows(nights) == [(2, 2)]


def test_production_is_the_same_however_its_address_is_spelled(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    answer = {"response_id": "r", "base_url": "https://api.bluumfinance.com/v1", "surface": "accounts"}
    warehouse.load(Batch({"responses": Rows(RESPONSES, [answer])}))
    warehouse.check_source("https://API.bluumfinance.com/v1/", "accounts")
    with pytest.raises(OtherSource, match=r"sandbox\.bluumfinance\.com"):
        warehouse.check_source("https://sandbox.bluumfinance.com/v1", "accounts")


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("https://service.bluumfinance.com/v1", "https://api.bluumfinance.com/v1"),
        ("https://test-service.bluumfinance.com/v1", "https://sandbox.api.bluumfinance.com/v1"),
    ],
)
def test_bluum_is_the_same_by_the_older_name_of_its_host(tmp_path: Path, older: str, newer: str) -> None:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    answer = {"response_id": "r", "base_url": older, "surface": "accounts"}
    warehouse.load(Batch({"responses": Rows(RESPONSES, [answer])}))
    warehouse.check_source(newer, "accounts")
    with pytest.raises(OtherSource):
        warehouse.check_source("https://example.com/v1", "accounts")


# ------------------------------------------------------------------ a night that cannot have been yet


def test_a_night_that_a_wrong_clock_dated_later_does_not_hide_tonight(house: House) -> None:
    future = date(2199, 1, 4)
    house.sandbox.clock.to_night(future)
    house.sandbox.faults.set([Rule("status", status=400, endpoint="pnl")])
    house.sync(machine_now=lambda: datetime(2199, 1, 5, tzinfo=UTC))  # cut short: two reports are missing
    house.sandbox.faults.clear()

    house.sandbox.clock.to_night(date(2022, 6, 13))
    house.sandbox.requests.clear()
    first = house.sync()

    assert (first.as_of_date, first.failures) == (date(2022, 6, 13), [])
    assert not any("2199" in path for path in house.asked())
    warehouse, now = Warehouse(house.warehouse), date(2022, 6, 13)
    assert (warehouse.newest_night(), warehouse.newest_night(until=now)) == (future, now)
    assert warehouse.standing(now).accounts_landed == 2

    house.sandbox.requests.clear()
    assert house.sync().asked == 0
    assert [path.rpartition("/")[2] for path in house.asked()] == ["accounts"]

    house.sandbox.clock.to_night(date(2022, 6, 15))  # the 14th is missed
    assert house.sync().failures == []
    filled = "select distinct end_date from raw.pnl_reports where as_of_date = '2022-06-15' order by 1"
    assert house.rows(filled) == [(date(2022, 6, 14),), (date(2022, 6, 15),)]


# ------------------------------------------------------------------ loads and builds


def test_a_dataset_of_another_name_has_the_tables(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb", dataset="bluum_eu")
    answer = {"response_id": "20220613-00000001", "as_of_date": date(2022, 6, 13)}
    warehouse.load(Batch({"responses": Rows(RESPONSES, [answer])}))
    assert warehouse.tables() >= TABLES.keys()
    assert warehouse.newest_night() == date(2022, 6, 13)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        assert connection.execute("select distinct schema_name from duckdb_tables()").fetchall() == [("bluum_eu",)]


def test_which_loads_count_and_which_are_built(house: House) -> None:
    warehouse = Warehouse(house.warehouse)
    assert warehouse.committed_loads() == []
    house.sync()
    house.sandbox.clock.to_night(SECOND_NIGHT)
    house.sync()
    loads = warehouse.committed_loads()
    assert loads == [load_id for (load_id,) in house.rows("select load_id from raw._dlt_loads order by rowid")]
    warehouse.note_built(loads[:1])
    warehouse.note_built(loads)
    assert house.rows("select load_id from builds.built_loads order by load_id") == [(load_id,) for load_id in sorted(loads)]


# ------------------------------------------------------------------ what a load takes


def one_response(number: int, body: str = "{}") -> Batch:
    row = {"response_id": f"20220613-{number:08d}", "as_of_date": date(2022, 6, 13), "body": body}
    return Batch({"responses": Rows(RESPONSES, [row])})


def test_what_has_been_loaded_is_let_go_without_waiting_for_the_garbage_collector(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    warehouse.load(one_response(1))
    batch = one_response(2, body="x" * 8_000_000)
    batch.rows["responses"].arrow()  # as a batch is held while more is asked
    gc.disable()
    try:
        before = pa.total_allocated_bytes()
        warehouse.load(batch)
        assert pa.total_allocated_bytes() < before - 7_000_000
    finally:
        gc.enable()


def test_a_batch_is_used_up_by_its_load_even_by_one_that_fails(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    loaded, failed = one_response(1), one_response(2)
    warehouse.load(loaded)
    with pytest.raises(ValueError, match="used up"):
        warehouse.load(loaded)
    with duckdb.connect(str(warehouse.store.path)) as connection:
        connection.execute("alter table raw.responses rename to away; create view raw.responses as from raw.away")
    with pytest.raises(WarehouseUnusable, match="does not count"):
        warehouse.load(failed)
    with duckdb.connect(str(warehouse.store.path)) as connection:
        connection.execute("drop view raw.responses; alter table raw.away rename to responses")
    with pytest.raises(ValueError, match="used up"):  # and not a load of nothing, which would count
        warehouse.load(failed)
    warehouse.sweep()
    warehouse.load(one_response(2))  # read again, it lands
    with duckdb.connect(str(warehouse.store.path)) as connection:
        assert connection.execute("select count(*) from raw.responses").fetchall() == [(2,)]
        assert connection.execute("select count(*) from raw._dlt_loads").fetchall() == [(2,)]


def test_what_loads_have_appended_is_merged_by_who_comes_after_them(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    for number in range(3):
        warehouse.load(one_response(number))
    pieces = "select count(distinct row_group_id) from pragma_storage_info('raw.responses')"
    with duckdb.connect(str(warehouse.store.path)) as connection:
        assert connection.execute(pieces).fetchall() == [(3,)]
        connection.execute("create table somebody_s as select 1; checkpoint")
        assert connection.execute(pieces).fetchall() == [(1,)]
