"""A warehouse torn in the middle of a write opens again with all its rows; other damage is left alone."""

import errno
import shutil
from pathlib import Path

import duckdb
import pytest
from helpers.full_disk import no_file_may_be_larger_than

from pipelines.destination import torn
from pipelines.destination.torn import mend
from pipelines.errors import WarehouseUnusable
from pipelines.memory import Memory

BLOCK, FIRST_BLOCK = 262_144, 12_288
RAW = frozenset({"raw"})


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """A file with a checkpoint, and a log of what came after it."""
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema raw; create schema marts")
        connection.execute("create table raw.responses (response_id varchar not null, amount decimal(38, 18))")
        connection.execute("insert into raw.responses select range, range * 1.000000000000000001 from range(200_000)")
        connection.execute("create view marts.amounts as select amount from raw.responses")
        connection.execute("checkpoint")
        connection.execute("set checkpoint_threshold = '1TB'; pragma disable_checkpoint_on_shutdown")
        connection.execute("insert into raw.responses values ('after the checkpoint', 0.5)")
    assert path.with_name("warehouse.duckdb.wal").exists()
    return path


def rows(path: Path) -> list[tuple[object, ...]]:
    with duckdb.connect(str(path)) as connection:
        return connection.execute("select count(*), sum(amount), count(distinct response_id) from raw.responses").fetchall()


def error_of(path: Path) -> str:
    with pytest.raises(duckdb.Error) as raised:
        duckdb.connect(str(path)).close()
    return str(raised.value)


def tear(path: Path) -> None:
    """Leave the checksum of another version at the beginning of the block that holds the index."""
    content = path.read_bytes()
    for location in range(FIRST_BLOCK, len(content), BLOCK):
        path.write_bytes(content[:location] + b"another!" + content[location + 8 :])
        log = path.with_name(f"{path.name}.wal").read_bytes()
        try:
            duckdb.connect(str(path)).close()
        except duckdb.Error:
            path.with_name(f"{path.name}.wal").write_bytes(log)
            return
        path.write_bytes(content)
        path.with_name(f"{path.name}.wal").write_bytes(log)
    raise AssertionError("no block holds the index")


def test_a_torn_warehouse_opens_again_with_every_row_and_the_torn_file_is_kept(warehouse: Path) -> None:
    before = rows(Path(shutil.copytree(warehouse.parent, warehouse.parent / "before")) / warehouse.name)
    tear(warehouse)
    torn_content = warehouse.read_bytes()
    assert "Corrupt database file" in error_of(warehouse)

    kept = mend(warehouse, RAW)

    assert rows(warehouse) == before
    assert before[0][0] == 200_001
    assert kept is not None
    assert kept.read_bytes() == torn_content
    assert kept.with_name(f"{kept.name}.wal").exists()
    names = {path.name for path in warehouse.parent.iterdir() if path.is_file()}
    assert names == {warehouse.name, kept.name, f"{kept.name}.wal"}


def test_what_dbt_derived_is_left_behind(warehouse: Path) -> None:
    tear(warehouse)
    mend(warehouse, RAW)
    with duckdb.connect(str(warehouse)) as connection:
        assert connection.execute("select count(*) from duckdb_views() where not internal").fetchall() == [(0,)]
        (sql,) = connection.execute("select sql from duckdb_tables()").fetchone() or ("",)
    assert "NOT NULL" in sql


def test_a_mending_that_was_killed_before_its_last_step_goes_on(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tear(warehouse)

    def killed(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            mend(warehouse, RAW)
    assert not warehouse.with_name("warehouse.duckdb.wal").exists()

    kept = mend(warehouse, RAW)

    assert rows(warehouse)[0][0] == 200_001, "the log is in, once"
    assert kept is not None
    assert len(list(warehouse.parent.glob("*.damaged-*"))) == 2


def test_a_whole_warehouse_is_not_touched(warehouse: Path) -> None:
    assert mend(warehouse, RAW) is None
    assert rows(warehouse)[0][0] == 200_001
    assert mend(warehouse.with_name("none.duckdb"), RAW) is None


def test_damage_without_a_log_is_no_torn_write(warehouse: Path) -> None:
    """Bits that fell over on a disk: nothing says that what counts is still as it was."""
    tear(warehouse)
    warehouse.with_name("warehouse.duckdb.wal").unlink()
    damaged = warehouse.read_bytes()
    assert mend(warehouse, RAW) is None
    assert warehouse.read_bytes() == damaged


def test_a_torn_write_that_took_rows_with_it_is_left_as_it_is(warehouse: Path) -> None:
    tear(warehouse)
    content = bytearray(warehouse.read_bytes())
    for location in range(FIRST_BLOCK, len(content), BLOCK):
        content[location + 100_000] ^= 0xFF
    warehouse.write_bytes(content)
    assert mend(warehouse, RAW) is None
    assert warehouse.read_bytes() == content
    assert {path.name for path in warehouse.parent.iterdir()} == {warehouse.name, f"{warehouse.name}.wal"}


def test_without_room_for_a_second_one_a_torn_file_is_left_and_a_line_says_so(warehouse: Path) -> None:
    tear(warehouse)
    before = warehouse.read_bytes()
    with (
        no_file_may_be_larger_than(300_000),
        pytest.raises(WarehouseUnusable, match=r"needs room .* was left as it"),
    ):
        mend(warehouse, RAW)
    assert warehouse.read_bytes() == before
    assert {path.name for path in warehouse.parent.iterdir()} == {warehouse.name, f"{warehouse.name}.wal"}
    mend(warehouse, RAW)
    assert rows(warehouse)[0][0] == 200_001, "there is room again"


def test_on_a_disk_that_cannot_link_files_a_torn_file_is_left_and_a_line_says_so(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tear(warehouse)
    before = warehouse.read_bytes()

    def refuse(*paths: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(torn.os, "link", refuse)
    with pytest.raises(WarehouseUnusable, match=r"on a disk that can link files; .* Operation not permitted"):
        mend(warehouse, RAW)
    assert warehouse.read_bytes() == before
    assert {path.name for path in warehouse.parent.iterdir()} == {warehouse.name, f"{warehouse.name}.wal"}


def test_a_mending_takes_no_more_memory_than_it_may(warehouse: Path, caplog: pytest.LogCaptureFixture) -> None:
    tear(warehouse)
    before = warehouse.read_bytes()
    assert mend(warehouse, RAW, Memory("1MB")) is None
    assert "is torn and could not be mended: Out of Memory" in caplog.text
    assert warehouse.read_bytes() == before
