"""What a warehouse holds goes from its file to a lake and back, into a backup and out of it, and is erased: by every digit.

The nights are real ones, of the sandbox; what is asked afterwards is what the sandbox is asked.
"""

from pathlib import Path
from typing import Any

import duckdb
import pytest
from helpers.house import House, truth
from helpers.lakes import Catalog, rows

from pipelines.destination.backup import back_up, restore
from pipelines.destination.forgetting import forget, let_go, rewrite
from pipelines.destination.lake_store import empty
from pipelines.destination.move import NotMoved, move
from pipelines.destination.publish import publish
from pipelines.destination.warehouse import Warehouse
from pipelines.errors import NotPublished, WarehouseUnusable


@pytest.fixture
def filed(house: House) -> House:
    """The same house with its warehouse in a file, and two nights in it."""
    house.given.update(warehouse=None, lake_data=None)
    house.sync()
    house.next_night()
    house.sync()
    return house


def test_from_a_file_to_a_lake_and_back_nothing_changes_and_nothing_is_asked_again(
    filed: House, catalog: Catalog, tmp_path: Path
) -> None:
    before, file = filed.truth(), Warehouse.of(filed.settings())
    lake = Warehouse.of(filed.settings(**catalog.given))

    moved = move(file, lake)

    assert moved["responses"] == filed.rows("select count(*) from raw.responses")[0][0]
    assert truth(catalog.lake()) == before
    assert filed.truth() == before, "the file was left"
    asked = filed.sandbox.requests.total
    filed.given.update(catalog.given)
    assert filed.sync().failures == []
    assert filed.sandbox.requests.total == asked + 1, "of a complete night the date alone is asked"

    back = tmp_path / "back.duckdb"
    move(lake, Warehouse(back))

    assert truth(back) == before
    filed.next_night()
    assert filed.sync(warehouse=Warehouse(back)).failures == [], "dlt goes on with a file that it did not make"
    assert len(truth(back)["positions"]) > len(before["positions"])


def test_loads_keep_their_order_when_they_move(filed: House, catalog: Catalog) -> None:
    file, lake = Warehouse.of(filed.settings()), Warehouse.of(filed.settings(**catalog.given))
    move(file, lake)
    assert lake.committed_loads() == file.committed_loads()


def test_a_place_that_holds_answers_takes_no_others(filed: House, catalog: Catalog) -> None:
    file, lake = Warehouse.of(filed.settings()), Warehouse.of(filed.settings(**catalog.given))
    filed.sync(warehouse=lake)
    before = truth(catalog.lake())
    with pytest.raises(NotMoved, match="holds answers already; nothing was moved"):
        move(file, lake)
    assert truth(catalog.lake()) == before


def test_a_backup_of_a_lake_is_a_file_that_any_lake_takes_back(
    house: House, catalog: Catalog, server: Any, tmp_path: Path
) -> None:
    house.sync()
    before, backup = house.truth(), tmp_path / "backup.duckdb"
    copied = back_up(Warehouse.of(house.settings()), backup)
    assert copied.night == house.sandbox.clock.market_date()
    assert truth(backup) == before

    other = Catalog(server, f"{catalog.name}_again", tmp_path / "again")
    restore(backup, Warehouse.of(house.settings(**other.given)))

    assert truth(other.lake()) == before


def test_rows_of_a_load_that_was_killed_do_not_come_into_a_lake_by_a_backup(
    filed: House, catalog: Catalog, tmp_path: Path
) -> None:
    before, backup = filed.truth(), tmp_path / "backup.duckdb"
    _kill_a_load_before_its_commit(filed.warehouse)
    back_up(Warehouse.of(filed.settings()), backup)
    assert rows(backup, "select count(*) > 0 from raw.responses where _dlt_load_id = 'killed'") == [(True,)]

    restore(backup, Warehouse.of(filed.settings(**catalog.given)))

    assert rows(catalog.lake(), "select count(*) from raw.responses where _dlt_load_id = 'killed'") == [(0,)]
    assert rows(catalog.lake(), "select count(*) from raw.positions where _dlt_load_id = 'killed'") == [(0,)]
    assert truth(catalog.lake()) == before
    filed.given.update(catalog.given)
    filed.next_night()
    assert filed.sync().failures == []
    assert rows(catalog.lake(), "select count(distinct as_of_date) from raw.positions") == [(3,)], "all of it is asked"


def _kill_a_load_before_its_commit(warehouse: Path) -> None:
    """Answers of a third night, in some tables and not in _dlt_loads: dlt commits table by table."""
    third = "max(as_of_date) over () + 1 as as_of_date, 'killed' as _dlt_load_id, 'killed ' || response_id as response_id"
    with duckdb.connect(str(warehouse)) as connection:
        for table in ("responses", "positions"):
            connection.execute(f"insert into raw.{table} select * replace ({third}) from raw.{table}")


def test_who_is_forgotten_is_in_no_file_no_snapshot_and_no_row_of_the_catalog(
    house: House, catalog: Catalog, tmp_path: Path
) -> None:
    (account_id,) = house.account_ids(0)
    house.sync()
    house.next_night()
    house.sync()
    _publish_positions(catalog)
    assert _places(catalog, account_id), "it is there before"

    warehouse = Warehouse.of(house.settings())
    gone = forget(warehouse, [account_id])
    rewrite(warehouse)
    assert rows(catalog.lake(), "select 1 from marts.held where account_id = ?", account_id), "readers see what they saw"
    _publish_positions(catalog)
    let_go(warehouse)

    assert gone.rows > 0
    assert _places(catalog, account_id) == []
    house.next_night()
    assert house.sync().failures == []
    assert _places(catalog, account_id) == [], "later nights leave it out"
    assert not any(account_id in target for target in house.asked())


def _publish_positions(catalog: Catalog) -> None:
    """A published view of one snapshot, as all of them are."""
    with catalog.lake().connect() as connection:
        connection.execute("create schema if not exists marts; create schema if not exists marts_next")
        connection.execute("create or replace table marts_next.held as select account_id from raw.positions")
        ((now,),) = connection.execute("select max(snapshot_id) from ducklake_snapshots('lake')").fetchall()
        connection.execute(f"create or replace view marts.held as select * from marts_next.held at (version => {now})")


def _places(catalog: Catalog, wanted: str) -> list[str]:
    """The files and the tables of the catalog that hold a text, in whatever snapshot."""
    files = [
        path for path in Path(catalog.data).rglob("*.parquet") if wanted in str(duckdb.sql(f"from '{path}'").fetchall())
    ]
    return [str(path) for path in files] + [
        name for name in catalog.tables() if wanted in catalog.sql(f"select * from {name}")
    ]


def test_files_whose_catalog_was_lost_are_left_alone_by_every_command_that_would_make_a_lake(
    house: House, server: Any, catalog: Catalog, tmp_path: Path
) -> None:
    house.sync()
    backup = tmp_path / "backup.duckdb"
    back_up(Warehouse.of(house.settings()), backup)
    files = sorted(Path(catalog.data).rglob("*.parquet"))
    other = Catalog(server, f"{catalog.name}_other", catalog.data)
    house.given.update(other.given)
    settings = house.settings()

    for make in (
        house.sync,
        lambda: restore(backup, Warehouse.of(settings)),
        lambda: move(Warehouse(backup), Warehouse.of(settings)),
        lambda: empty(other.lake()),
    ):
        with pytest.raises(WarehouseUnusable, match="holds files of another one, which its upkeep would delete"):
            make()
    with pytest.raises(NotPublished, match="is not made yet: there is nothing to publish"):
        publish(settings, "a test")

    assert other.tables() == [], "no lake was made, which the next command would take for its own"
    assert sorted(Path(catalog.data).rglob("*.parquet")) == files
