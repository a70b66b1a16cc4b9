"""A backup of the warehouse and its way back: whole, or not there at all, and never over anything that is."""

from pathlib import Path

import duckdb
import pytest

from pipelines.destination import backup as backing_up
from pipelines.destination.backup import NotCopied, back_up, restore
from pipelines.destination.warehouse import Warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            """
            create schema raw; create schema marts;
            create table raw._dlt_loads as select i::varchar as load_id, 0 as status from range(3) as loads(i);
            create table raw.responses as
                select date '2022-06-13' + i::int as as_of_date, 'the body of answer ' || i as body from range(5) as r(i);
            create table marts.pnl_daily (net_pnl decimal(38, 9)); insert into marts.pnl_daily values (12.000000001);
            """
        )
    return path


def held(path: Path) -> list[object]:
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = ("raw._dlt_loads", "raw.responses", "marts.pnl_daily")
        return [connection.execute(f"select rowid, * from {table}").fetchall() for table in tables]


def test_a_backup_is_the_warehouse_row_for_row_in_its_order_and_says_what_it_holds(warehouse: Path, tmp_path: Path) -> None:
    copied = back_up(Warehouse(warehouse), tmp_path / "backup.duckdb")
    assert (copied.tables, copied.rows, str(copied.night)) == (3, 9, "2022-06-17")
    assert held(tmp_path / "backup.duckdb") == held(warehouse)
    assert (tmp_path / "backup.duckdb").stat().st_mode & 0o077 == 0


def test_a_backup_comes_back_as_it_was(warehouse: Path, tmp_path: Path) -> None:
    backup, before = tmp_path / "backup.duckdb", held(warehouse)
    back_up(Warehouse(warehouse), backup)
    warehouse.unlink()
    restore(backup, Warehouse(warehouse))
    assert held(warehouse) == before
    assert {path.name for path in tmp_path.iterdir()} == {"warehouse.duckdb", "backup.duckdb"}


def test_what_a_killed_writer_has_left_in_duckdbs_log_is_in_the_backup(warehouse: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("pragma disable_checkpoint_on_shutdown")
        connection.execute("insert into raw.responses values ('2022-06-18', 'late')")
    assert warehouse.with_name("warehouse.duckdb.wal").exists()
    before = warehouse.read_bytes()
    assert str(back_up(Warehouse(warehouse), tmp_path / "backup.duckdb").night) == "2022-06-18"
    assert warehouse.read_bytes() == before, "a backup writes nothing into what it copies"
    assert held(tmp_path / "backup.duckdb")[1][-1][2] == "late"  # type: ignore[index]


def test_nothing_that_is_there_is_written_over(warehouse: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_text("mine")
    with pytest.raises(NotCopied, match="is there already and was not touched"):
        back_up(Warehouse(warehouse), there)
    with pytest.raises(NotCopied, match="move it away, then restore"):
        restore(warehouse, Warehouse(there))
    log = tmp_path / "gone.duckdb.wal"
    log.write_text("of a warehouse that is gone")
    with pytest.raises(NotCopied, match=r"gone\.duckdb\.wal is there and was not touched"):
        restore(warehouse, Warehouse(tmp_path / "gone.duckdb"))
    assert there.read_text() == "mine"


def test_what_is_no_warehouse_is_not_put_in_the_place_of_one(warehouse: Path, tmp_path: Path) -> None:
    other, broken = tmp_path / "bi.duckdb", tmp_path / "broken.duckdb"
    duckdb.connect(str(other)).close()
    broken.write_bytes(b"no database" * 1000)
    for source, reason in (
        (other, "no warehouse of this program"),
        (broken, "could not be copied"),
        (tmp_path, "no backup"),
    ):
        with pytest.raises(NotCopied, match=reason):
            restore(source, Warehouse(tmp_path / "fresh.duckdb"))
    assert not list(tmp_path.glob("*fresh*"))


def test_a_backup_with_one_flipped_bit_is_refused(warehouse: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup.duckdb"
    back_up(Warehouse(warehouse), backup)
    content = bytearray(backup.read_bytes())
    place = content.index(b"the body of answer")  # in the rows, which have a checksum of their own
    content[place] ^= 1
    backup.write_bytes(content)
    with pytest.raises(NotCopied, match="could not be copied"):
        restore(backup, Warehouse(tmp_path / "fresh.duckdb"))


def test_what_a_killed_backup_has_left_is_gone_after_the_next_one_whatever_its_name(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(backing_up, "_compare", _killed)
        patch.setattr(Path, "unlink", lambda path, missing_ok=False: None)  # a kill leaves nobody to do that
        with pytest.raises(KeyboardInterrupt):
            back_up(Warehouse(warehouse), folder / "of-monday.duckdb")
    assert len(list(folder.iterdir())) == 1
    back_up(Warehouse(warehouse), folder / "of-tuesday.duckdb")
    assert [path.name for path in folder.iterdir()] == ["of-tuesday.duckdb"]


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_there_must_be_something_to_back_up_and_somewhere_to_put_it(warehouse: Path, tmp_path: Path) -> None:
    with pytest.raises(NotCopied, match=r"none\.duckdb is not there: there is nothing to back up"):
        back_up(Warehouse(tmp_path / "none.duckdb"), tmp_path / "backup.duckdb")
    with pytest.raises(NotCopied, match="there is no folder"):
        back_up(Warehouse(warehouse), tmp_path / "nowhere" / "backup.duckdb")
