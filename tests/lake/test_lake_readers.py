"""Readers of a lake while nights are published: whole nights, one after the other, never an error; and its upkeep.

A reader is a process of its own that has the catalog's address and nothing else. It looks within one transaction.
"""

from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pytest
from helpers.lakes import Catalog, opened, rows, start, stop
from helpers.readers import Readers, make_marts

from pipelines.destination import publish_lake as publishing
from pipelines.destination import upkeep
from pipelines.destination.manifest import write_manifest
from pipelines.destination.publish_lake import publish_lake
from pipelines.errors import NotPublished
from pipelines.lake import Lake

NIGHTS = 8
READER_SQL = (Path(__file__).parents[2] / "deploy" / "lake-reader.sql").read_text()
SEEN = "select distinct run_id from marts.manifest"
COUNTED = "select count(*), count(distinct night), max(night) from marts.positions_daily"


@pytest.fixture
def lake(catalog: Catalog) -> Lake:
    """A lake with a first night published."""
    lake = catalog.lake()
    _publish(lake, 0)
    return lake


def _publish(lake: Lake, night: int) -> None:
    make_marts(lake, night)
    publish_lake(lake, f"night {night}")


def test_readers_of_a_lake_see_whole_nights_while_others_are_published(lake: Lake) -> None:
    with Readers(lake, count=2) as coming, Readers(lake, count=1, keep_open=True) as staying:
        for night in range(1, NIGHTS):
            _publish(lake, night)
            staying.wait_for_another_look()

    assert coming.complaints == staying.complaints == []
    assert len(coming.nights_seen) > 1, "they read while it changed"
    assert f"night {NIGHTS - 1}" in staying.nights_seen, "who stays connected sees the new night, too"


def test_a_reader_in_a_transaction_keeps_its_night_until_it_ends(lake: Lake) -> None:
    with opened(lake) as reader:
        reader.execute("begin")
        assert reader.execute(SEEN).fetchall() == [("night 0",)]
        for night in (1, 2, 3):
            _publish(lake, night)
        assert reader.execute(SEEN).fetchall() == [("night 0",)]
        assert reader.execute(COUNTED).fetchall() == [(20_000, 1, 0)], (
            "its files are kept, though the catalog has forgotten them"
        )
        reader.execute("commit")
        assert reader.execute(COUNTED).fetchall() == [(20_003, 1, 3)]


def test_a_publication_that_ends_in_the_middle_leaves_readers_what_they_had(
    lake: Lake, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_marts(lake, 1)

    def _with_a_power_cut(*arguments: Any) -> None:
        stop(server)
        write_manifest(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(publishing, "write_manifest", _with_a_power_cut)
        with pytest.raises(NotPublished, match=r"readers of the lake .* see what they saw before"):
            publish_lake(lake, "night 1")

    start(server)
    assert rows(lake, SEEN) == [("night 0",)]
    assert rows(lake, COUNTED) == [(20_000, 1, 0)]
    publish_lake(lake, "night 1")
    assert rows(lake, COUNTED) == [(20_001, 1, 1)]


def test_many_nights_leave_no_more_behind_than_a_few(lake: Lake, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "A_DAY_AGO", "cleanup_all => true")  # as if a day had passed after each
    for night in range(1, 4):
        _publish(lake, night)
    few = _left(lake, catalog)
    for night in range(4, 9):
        _publish(lake, night)
    assert _left(lake, catalog) == few
    assert rows(lake, COUNTED) == [(20_008, 1, 8)]


def _left(lake: Lake, catalog: Catalog) -> tuple[int, int]:
    """Snapshots in the catalog, and files in the folder."""
    with closing(lake.connect()) as connection:
        ((snapshots,),) = connection.execute("select count(*) from ducklake_snapshots('lake')").fetchall()
    return snapshots, sum(path.is_file() for path in Path(catalog.data).rglob("*"))


@pytest.mark.parametrize("profile", ["default", "acme"])
def test_the_role_of_readers_reads_the_marts_of_a_profile_and_nothing_else(catalog: Catalog, profile: str) -> None:
    lakes = {name: catalog.lake(name) for name in ("default", "acme")}
    for made in lakes.values():
        _publish(made, 0)
        with closing(made.connect()) as connection:
            connection.execute("create schema raw; create table raw.responses as select 'of a person' as body")
    schema = lakes[profile].schema
    for _ in range(2):  # it may be run again
        catalog.sql(f"\\set schema {schema}\n{READER_SQL}" if profile != "default" else READER_SQL)

    as_reader = catalog.lake(profile, user="reader")
    with opened(as_reader) as reader:
        assert reader.execute(COUNTED).fetchall() == [(20_000, 1, 0)]
        assert reader.execute("select count(*) from marts.pnl_daily where account_id = 7").fetchall() == [(1,)]
    with opened(as_reader) as reader, pytest.raises(duckdb.Error, match="read-only"):
        reader.execute("delete from marts_next.positions_daily")
    with closing(as_reader.connect()) as writer, pytest.raises(duckdb.Error, match="permission denied"):
        writer.execute("delete from marts_next.positions_daily")
    _publish(lakes[profile], 1)
    assert rows(as_reader, COUNTED) == [(20_001, 1, 1)], "a later night, too"

    with closing(psycopg2.connect(catalog.server.get_uri(catalog.name))) as there, there.cursor() as cursor:
        cursor.execute("set role reader")
        cursor.execute("select table_schema, table_name from information_schema.tables where table_name ~ '^ducklake'")
        found = cursor.fetchall()
        assert {name for name, _ in found} == {schema}, "of the other profile it sees not even the catalog"
        for table in (".".join(names) for names in found):
            cursor.execute(f"select count(*) from {table} as held where cast(held as text) like '%of a person%'")
            assert cursor.fetchone() == (0,), table
