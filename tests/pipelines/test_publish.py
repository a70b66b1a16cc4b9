"""The published file: what is in it, who can open it, and what is left when publishing fails.

Readers at work while it is replaced, killed publishes and full disks are tests/faults/test_readers.py's.
"""

import os
import stat
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import pytest
from helpers.full_disk import no_file_may_be_larger_than

from pipelines.destination import publish as publishing
from pipelines.destination.publish import STORAGE_VERSION, publish
from pipelines.destination.warehouse import Warehouse
from pipelines.errors import NotPublished
from pipelines.settings import Settings

BIG = "12345678901234567890.123456789012345678"


def settings_of(data: Path, **more: Any) -> Settings:
    return Settings(_env_file=None, api_key="k", BLUUM_API_SECRET="s", data_dir=data, **more)  # type: ignore[call-arg]


def write(data: Path, *statements: str) -> None:
    with duckdb.connect(str(data / "warehouse.duckdb")) as connection:
        for statement in statements:
            connection.execute(statement)


def read(data: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(data / "bi.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two marts, a view, a question that takes a parameter, the log, and raw tables that are nobody's business."""
    write(
        tmp_path,
        "create schema marts",
        "create schema raw",
        "create schema audit",
        "create table audit.responses as select date '2022-06-15' as as_of_date, '1' as response_id",
        "create table raw.responses (body varchar)",
        "create table marts.sync_coverage_daily as select date '2022-06-15' as as_of_date, 'accounts' as endpoint",
        f"create table marts.positions_daily as select date '2022-06-15' as as_of_date, {BIG}::decimal(38, 18) as quantity,"
        " 'it''s' as symbol union all select date '2022-06-14', null, 'AAPL'",
        "comment on table marts.positions_daily is 'One row per night and position: it''s all there.'",
        "comment on column marts.positions_daily.quantity is 'Units, \"exact\".'",
        "create macro marts.positions_as_of(day) as table select symbol from marts.positions_daily where as_of_date = day",
        "create view marts.newest_positions as"
        " with newest as (select max(as_of_date) as as_of_date from marts.positions_daily)"
        " select symbol, quantity from marts.positions_daily join newest using (as_of_date)",
        "comment on view marts.newest_positions is 'The newest night''s.'",
        "comment on column marts.newest_positions.symbol is 'Ticker, as it is.'",
    )
    return tmp_path


def test_the_marts_are_there_digit_for_digit_and_nothing_else(data: Path) -> None:
    rows = {"marts.positions_daily": 2, "marts.sync_coverage_daily": 1, "audit.responses": 1}
    assert publish(settings_of(data), "run 1") == rows
    tables = "select schema_name || '.' || table_name from duckdb_tables() order by all"
    assert read(data, tables) == [(name,) for name in sorted([*rows, "marts.manifest"])]
    shown = read(data, "select symbol, quantity::varchar from marts.positions_daily order by symbol")
    assert shown == [("AAPL", None), ("it's", BIG)]
    assert read(data, "select typeof(quantity) from marts.positions_daily limit 1") == [("DECIMAL(38,18)",)]


def test_descriptions_go_along(data: Path) -> None:
    publish(settings_of(data), "run 1")
    about_table = "select comment from duckdb_tables() where table_name = 'positions_daily'"
    assert read(data, about_table) == [("One row per night and position: it's all there.",)]
    about_column = "select column_name, comment from duckdb_columns() where table_name = 'positions_daily' and comment != ''"
    assert read(data, about_column) == [("quantity", 'Units, "exact".')]


def test_questions_with_a_parameter_can_be_asked_of_the_file(data: Path) -> None:
    publish(settings_of(data), "run 1")
    assert read(data, "select * from marts.positions_as_of(date '2022-06-14')") == [("AAPL",)]


def test_views_can_be_asked_of_the_file_and_are_described_there(data: Path) -> None:
    publish(settings_of(data), "run 1")
    assert read(data, "from marts.newest_positions") == [("it's", Decimal(BIG))]
    assert read(data, "select comment from duckdb_views() where not internal") == [("The newest night's.",)]
    described = "select column_name, comment from duckdb_columns() where table_name = 'newest_positions' and comment != ''"
    assert read(data, described) == [("symbol", "Ticker, as it is.")]
    with duckdb.connect() as connection:  # under any name
        connection.execute(f"attach '{data / 'bi.duckdb'}' as elsewhere (read_only)")
        assert connection.execute("select symbol from elsewhere.marts.newest_positions").fetchall() == [("it's",)]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param("select 1 as one from marts.positions_daily", [(1,)] * 2, id="other columns"),
        pytest.param(
            "select symbol, quantity from marts.positions_daily where symbol = 'AAPL'", [("AAPL", None)], id="other rows"
        ),
    ],
)
def test_a_view_that_asks_otherwise_does_so_in_the_next_file(
    data: Path, change: str, expected: list[tuple[Any, ...]]
) -> None:
    publish(settings_of(data), "run 1")
    write(data, f"create or replace view marts.newest_positions as {change}")
    publish(settings_of(data), "run 2")
    assert read(data, "from marts.newest_positions") == expected


def test_a_view_that_is_gone_leaves_the_next_file(data: Path) -> None:
    publish(settings_of(data), "run 1")
    write(data, "drop view marts.newest_positions")
    publish(settings_of(data), "run 2")
    assert read(data, "select view_name from duckdb_views() where not internal") == []


def test_the_manifest_says_what_was_published_and_by_which_run(data: Path) -> None:
    publish(settings_of(data), "run 7")
    query = "select schema_name, table_name, row_count, run_id, as_of_date, program_version from marts.manifest order by all"
    rows = read(data, query)
    about = ("run 7", date(2022, 6, 15), version("bluum-warehouse"))
    assert rows == [
        ("audit", "responses", 1, *about),
        ("marts", "positions_daily", 2, *about),
        ("marts", "sync_coverage_daily", 1, *about),
    ]
    write(data, "insert into marts.sync_coverage_daily values ('2022-06-16', 'pnl_backfill')")
    publish(settings_of(data), "run 8")
    assert read(data, "select distinct as_of_date from marts.manifest") == [(date(2022, 6, 15),)]  # a backfill is no night


def test_all_of_a_manifest_is_of_one_moment(data: Path) -> None:
    before = datetime.now(UTC)
    publish(settings_of(data), "run 7")
    ((first, last),) = read(data, "select min(epoch_us(published_at)), max(epoch_us(published_at)) from marts.manifest")
    assert before.timestamp() * 1e6 - 1 <= first == last <= datetime.now(UTC).timestamp() * 1e6


def test_the_file_is_written_in_a_version_that_older_programs_open(data: Path) -> None:
    assert STORAGE_VERSION == "v1.0.0"
    publish(settings_of(data), "run 1")
    # Bytes 12 to 20 of a DuckDB file: the number of its storage version. 64 is that of DuckDB 0.9 to 1.1.
    assert int.from_bytes((data / "bi.duckdb").read_bytes()[12:20], "little") == 64
    assert int.from_bytes((data / "warehouse.duckdb").read_bytes()[12:20], "little") >= 64


def test_the_manifest_and_its_columns_are_described_and_never_null_but_for_the_night(data: Path) -> None:
    publish(settings_of(data), "run 1")
    columns = "select column_name from duckdb_columns() where table_name = 'manifest' and coalesce(comment, '') = ''"
    assert read(data, columns) == []
    may_be_null = "select column_name from duckdb_columns() where table_name = 'manifest' and is_nullable"
    assert read(data, may_be_null) == [("as_of_date",)]
    assert read(data, "select comment from duckdb_tables() where table_name = 'manifest'") != [(None,)]


KEYS = (
    "create table marts.accounts (account_id varchar primary key, status varchar)",
    "insert into marts.accounts values ('a', 'ACTIVE'), ('b', 'ACTIVE')",
    "alter table marts.positions_daily alter as_of_date set not null",
)


def test_keys_and_columns_that_are_never_null_are_so_in_the_file_too(data: Path) -> None:
    write(data, *KEYS)
    publish(settings_of(data), "run 1")
    never_null = (
        "select table_name, column_name from duckdb_columns() where not internal and not is_nullable"
        " and table_name != 'manifest' order by all"
    )
    assert read(data, never_null) == [("accounts", "account_id"), ("positions_daily", "as_of_date")]
    keys = "select table_name, constraint_column_names from duckdb_constraints() where constraint_type = 'PRIMARY KEY'"
    assert read(data, keys) == [("accounts", ["account_id"])]


def test_a_table_with_a_key_is_brought_up_to_date_where_it_stands(data: Path) -> None:
    write(data, *KEYS)
    publish(settings_of(data), "run 1")
    write(
        data,
        "update marts.accounts set status = 'CLOSED' where account_id = 'a'",
        "insert into marts.accounts values ('c', '')",
    )
    untouched = "select rowid, symbol from marts.positions_daily order by all"
    before = read(data, untouched)
    publish(settings_of(data), "run 2")
    assert read(data, "from marts.accounts order by all") == [("a", "CLOSED"), ("b", "ACTIVE"), ("c", "")]
    assert read(data, untouched) == before


def test_a_key_that_is_new_reaches_the_next_file(data: Path) -> None:
    publish(settings_of(data), "run 1")
    write(data, "alter table marts.positions_daily alter as_of_date set not null")
    publish(settings_of(data), "run 2")
    never_null = (
        "select is_nullable from duckdb_columns() where table_name = 'positions_daily' and column_name = 'as_of_date'"
    )
    assert read(data, never_null) == [(False,)]


def test_a_night_without_any_mart_row_is_published_as_such(tmp_path: Path) -> None:
    write(tmp_path, "create schema marts", "create table marts.sync_coverage_daily (as_of_date date, endpoint varchar)")
    assert publish(settings_of(tmp_path), "run 1") == {"marts.sync_coverage_daily": 0}
    assert read(tmp_path, "select row_count, as_of_date from marts.manifest") == [(0, None)]


def test_the_next_night_replaces_the_file_and_whoever_has_it_open_keeps_it(data: Path) -> None:
    publish(settings_of(data), "run 1")
    with duckdb.connect(str(data / "bi.duckdb"), read_only=True) as open_one:
        write(data, "delete from marts.positions_daily where symbol = 'AAPL'")
        publish(settings_of(data), "run 2")
        assert open_one.execute("select count(*) from marts.positions_daily").fetchall() == [(2,)]
    assert read(data, "select distinct run_id from marts.manifest") == [("run 2",)]
    assert read(data, "select count(*) from marts.positions_daily") == [(1,)]
    assert not (data / "bi.duckdb.building").exists()


def published(data: Path) -> list[tuple[Any, ...]]:
    return read(data, "select * from marts.positions_daily order by all")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("insert into marts.positions_daily values ('2022-06-16', 3, 'MSFT')", id="a night more"),
        pytest.param("insert into marts.positions_daily values ('2022-06-14', 3, 'MSFT')", id="a row more on an old night"),
        pytest.param("insert into marts.positions_daily from marts.positions_daily", id="every row twice"),
        pytest.param("update marts.positions_daily set quantity = 1e-18 where symbol = 'AAPL'", id="an old night restated"),
        pytest.param("delete from marts.positions_daily where as_of_date = '2022-06-14'", id="a night less"),
        pytest.param("insert into marts.positions_daily values (null, 3, 'MSFT')", id="a row of no night"),
        pytest.param("delete from marts.positions_daily", id="nothing left"),
        pytest.param("alter table marts.positions_daily add column price decimal(38, 18)", id="another column"),
        pytest.param("alter table marts.positions_daily alter as_of_date type timestamp", id="another type"),
    ],
)
def test_whatever_changes_the_next_file_holds_what_the_marts_hold(data: Path, change: str) -> None:
    publish(settings_of(data), "run 1")
    write(data, change)
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as connection:
        expected = connection.execute("select * from marts.positions_daily order by all").fetchall()
    assert publish(settings_of(data), "run 2")["marts.positions_daily"] == len(expected)
    assert published(data) == expected


def test_a_night_that_did_not_change_stays_where_it_is(data: Path) -> None:
    # DuckDB spells the question otherwise in the file it is copied to, which is no other question.
    write(data, "create macro marts.q() as table from marts.positions_daily where (quantity is null) is distinct from false")
    publish(settings_of(data), "run 1")
    in_order = "select as_of_date from marts.positions_daily order by rowid"
    assert read(data, in_order) == [(date(2022, 6, 15),), (date(2022, 6, 14),)]
    write(data, "update marts.positions_daily set quantity = 1 where as_of_date = '2022-06-15'")
    publish(settings_of(data), "run 2")
    assert read(data, in_order) == [(date(2022, 6, 14),), (date(2022, 6, 15),)]


def test_new_descriptions_and_questions_reach_the_next_file_and_old_questions_leave_it(data: Path) -> None:
    publish(settings_of(data), "run 1")
    write(
        data,
        "comment on column marts.positions_daily.symbol is 'Ticker.'",
        "drop macro table marts.positions_as_of",
        "create macro marts.symbols() as table select distinct symbol from marts.positions_daily",
    )
    publish(settings_of(data), "run 2")
    assert ("symbol", "Ticker.") in read(data, "select column_name, comment from duckdb_columns()")
    assert read(data, "from marts.symbols() order by all") == [("AAPL",), ("it's",)]
    with pytest.raises(duckdb.CatalogException, match="positions_as_of"):
        read(data, "from marts.positions_as_of(date '2022-06-14')")


@pytest.mark.parametrize("damage", ["cut", "torn", "emptied"])
def test_a_damaged_file_is_made_anew(data: Path, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    publish(settings_of(data), "run 1")
    expected, whole = published(data), (data / "bi.duckdb").read_bytes()
    # The rows are in the first blocks, behind three headers of 4 KB.
    torn = whole[:13000] + bytes(255 - byte for byte in whole[13000:14000]) + whole[14000:]
    (data / "bi.duckdb").write_bytes({"cut": whole[: len(whole) // 2], "torn": torn, "emptied": b""}[damage])
    publish(settings_of(data), "run 2")
    assert published(data) == expected
    assert damage == "emptied" or "made anew" in caplog.text


def test_what_somebody_wrote_into_the_file_is_gone_the_next_night(data: Path) -> None:
    publish(settings_of(data), "run 1")
    expected = published(data)
    with duckdb.connect(str(data / "bi.duckdb")) as connection:
        connection.execute("update marts.positions_daily set symbol = 'MINE'")
        connection.execute("create table marts.mine (a int)")
    publish(settings_of(data), "run 2")
    assert published(data) == expected
    assert read(data, "select count(*) from duckdb_tables() where table_name = 'mine'") == [(0,)]


def test_a_file_that_keeps_changing_does_not_grow_without_end(data: Path) -> None:
    write(data, "insert into marts.positions_daily select '2022-06-15', n, md5(n::varchar) from range(100000) as r (n)")
    sizes = []
    for night in range(8):
        write(data, f"update marts.positions_daily set symbol = md5({night} || symbol)")
        publish(settings_of(data), f"run {night}")
        sizes.append((data / "bi.duckdb").stat().st_size)
    assert max(sizes) < 3 * sizes[0]


def test_room_that_nothing_uses_is_given_back(data: Path) -> None:
    rows = "insert into marts.positions_daily select '{}', n, md5(n::varchar) from range({}) as r (n)"
    write(data, rows.format("2022-06-13", 300_000))
    publish(settings_of(data), "run 1")
    write(data, rows.format("2022-06-16", 100_000))
    publish(settings_of(data), "run 2")
    before = (data / "bi.duckdb").stat().st_size
    write(data, "delete from marts.positions_daily where as_of_date = '2022-06-13'")
    for night in (3, 4):
        publish(settings_of(data), f"run {night}")
    assert (data / "bi.duckdb").stat().st_size < before / 2


def test_a_disk_that_is_full_keeps_no_half_file(data: Path) -> None:
    publish(settings_of(data), "run 1")
    with no_file_may_be_larger_than(100_000), pytest.raises(NotPublished, match="as it was"):
        publish(settings_of(data), "run 2")
    assert sorted(path.name for path in data.glob("bi.*")) == ["bi.duckdb"]


@pytest.mark.parametrize(
    "break_it",
    [
        pytest.param("drop table marts.sync_coverage_daily", id="without the night"),
        pytest.param("create macro marts.lost() as table select * from marts.positions_daily", id="with a lost table"),
        pytest.param("create view marts.astray as select * from raw.responses", id="with a view of what is not published"),
    ],
)
def test_a_failure_leaves_the_old_file_and_says_so_in_one_line(data: Path, break_it: str) -> None:
    publish(settings_of(data), "run 1")
    before = (data / "bi.duckdb").read_bytes()
    write(data, break_it, *(["drop table marts.positions_daily"] if "lost" in break_it else []))
    with pytest.raises(NotPublished, match="as it was") as refused:
        publish(settings_of(data), "run 2")
    assert "\n" not in str(refused.value)
    assert str(data / "bi.duckdb") in str(refused.value)
    assert (data / "bi.duckdb").read_bytes() == before


def test_without_a_warehouse_nothing_is_published(tmp_path: Path) -> None:
    with pytest.raises(NotPublished):
        publish(settings_of(tmp_path), "run 1")
    assert not (tmp_path / "bi.duckdb").exists()


def test_what_a_killed_publish_has_left_is_gone_before_the_next_night_begins(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*paths: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(publishing.os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            publish(settings_of(data), "run 1")
    assert list(data.glob("bi.*"))
    Warehouse.of(settings_of(data)).mend()
    assert list(data.glob("bi.*")) == []


def test_what_a_killed_publish_has_left_is_no_hindrance(data: Path) -> None:
    for leftover in ("bi.duckdb.building", "bi.duckdb.building.wal"):
        (data / leftover).write_bytes(b"half a file")
    publish(settings_of(data), "run 1")
    assert read(data, "select count(*) from marts.positions_daily") == [(2,)]
    assert sorted(path.name for path in data.glob("bi.*")) == ["bi.duckdb"]


@pytest.mark.parametrize(("mode", "folder"), [("600", 0o700), ("644", 0o711), ("640", 0o711)])
def test_who_else_may_read_it_is_a_setting(data: Path, mode: str, folder: int) -> None:
    data.chmod(0o700)
    publish(settings_of(data, bi_file_mode=mode), "run 1")
    assert stat.S_IMODE((data / "bi.duckdb").stat().st_mode) == int(mode, 8)
    assert stat.S_IMODE(data.stat().st_mode) == folder
    assert os.access(data / "bi.duckdb", os.R_OK)
