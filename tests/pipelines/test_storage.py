"""The warehouse's file: bodies compressed from the first night on, an older file written anew, nothing lost by it."""

import gzip
import logging
from pathlib import Path

import duckdb
import pytest
from helpers.faulty import running
from helpers.full_disk import no_file_may_be_larger_than
from helpers.house import House
from helpers.lakes import rows

from pipelines.destination.storage import convert
from pipelines.destination.warehouse import Warehouse
from sandbox.server import Options

OLDER = Path(__file__).parent / "warehouses" / "two_nights_of_0.1.duckdb.gz"


@pytest.fixture
def older(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(gzip.decompress(OLDER.read_bytes()))
    return path


def storage_version(path: Path) -> str:
    (version,) = rows(path, "select tags['storage_version'] from duckdb_databases() where path is not null")[0]
    return str(version)


def held(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, in its order, and what every view is made of."""
    names = rows(path, "select schema_name || '.' || table_name from duckdb_tables() order by 1")
    views = rows(path, "select schema_name, view_name, sql from duckdb_views() where not internal order by all")
    functions = rows(path, "select schema_name, function_name from duckdb_functions() where not internal order by all")
    tables = {name: rows(path, f"select * from {name} order by rowid") for (name,) in names}
    return {**tables, "views": views, "functions": functions}


def test_the_bodies_of_a_new_warehouse_are_compressed(tmp_path: Path) -> None:
    with running(Options(accounts=30, rate_limit=0)) as sandbox:
        house = House(sandbox, tmp_path / "data")
        house.sync()
    with duckdb.connect(str(house.warehouse)) as connection:
        connection.execute("checkpoint")
        kinds = "select distinct compression from pragma_storage_info('raw.responses') where column_name = 'body'"
        found = {kind for (kind,) in connection.execute(kinds + " and segment_type = 'VARCHAR'").fetchall()}
    assert storage_version(house.warehouse) == "v1.2.0+"
    assert found == {"ZSTD"}
    assert not convert(house.warehouse, "raw")  # as it should be


def test_an_older_warehouse_is_written_anew_once_and_holds_the_same(older: Path) -> None:
    before = held(older)
    assert storage_version(older) == "v1.0.0+"

    assert convert(older, "raw")

    assert storage_version(older) == "v1.2.0+"
    assert held(older) == before
    assert [path.name for path in older.parent.iterdir()] == [older.name]
    assert not convert(older, "raw")


def test_what_a_kill_has_left_of_a_conversion_is_no_matter(older: Path) -> None:
    older.with_name("warehouse.duckdb.converting").write_bytes(b"half a file")
    older.with_name("warehouse.duckdb.converting.wal").write_bytes(b"half a log")
    assert convert(older, "raw")
    assert [path.name for path in older.parent.iterdir()] == [older.name]


def test_without_room_for_a_second_file_the_older_one_serves_on(older: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = older.read_bytes()
    with no_file_may_be_larger_than(300_000), caplog.at_level(logging.WARNING):
        assert not convert(older, "raw")
    assert "was not written anew, and is left as it is" in caplog.text
    assert older.read_bytes() == before
    assert [path.name for path in older.parent.iterdir()] == [older.name]


def test_a_file_that_is_mostly_empty_gives_its_room_back(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{path}' as warehouse (storage_version 'v1.2.0')")
        connection.execute("create table warehouse.first as select random() as x from range(12_000_000)")
        connection.execute("create table warehouse.last as select range as x from range(1_000)")
        connection.execute("drop table warehouse.first; checkpoint warehouse")
    before = path.stat().st_size

    assert convert(path, "raw")

    assert path.stat().st_size < before / 10
    assert len(rows(path, "from last")) == 1_000


def test_a_file_that_is_not_there_is_left_to_the_first_load(tmp_path: Path) -> None:
    assert not convert(tmp_path / "warehouse.duckdb", "raw")
    assert Warehouse(tmp_path / "warehouse.duckdb").tables() == set()
