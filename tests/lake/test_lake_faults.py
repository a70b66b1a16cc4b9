"""What goes wrong between a sync and its lake: each is one clear line, nothing is lost, and the next start finishes."""

import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import Any

import psycopg2
import pytest
from helpers.faulty import Rule, running
from helpers.house import House, Truth, target
from helpers.lakes import Catalog, frozen, kill, rows, start, stop

from pipelines.api import engine
from pipelines.api.parse import Batch
from pipelines.api.progress import Progress
from pipelines.destination import lake_store, lake_watch
from pipelines.destination.lake_lock import holding_lake
from pipelines.destination.lake_store import LakeStore
from pipelines.destination.warehouse import Warehouse
from pipelines.errors import Locked, WarehouseUnusable
from pipelines.night.replay import replay
from pipelines.schema.tables import RESPONSES
from sandbox.server import Options

FULL = """
import sys
from pipelines.api.parse import Batch
from pipelines.destination.lake_store import LakeStore
from pipelines.lake import Lake
from pipelines.schema.tables import RESPONSES, TABLES
batch = Batch()
for number in range(1000):
    batch.add(RESPONSES, {"response_id": str(number), "body": str(number ** 99)})
LakeStore(Lake.of(*sys.argv[1:]), patience=0).load(batch, "raw", TABLES)
"""


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A night of seconds has as many as one of hours."""
    monkeypatch.setattr(engine, "BATCH_SECONDS", 0.1)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    """What a night without any fault leaves in a file."""
    with running(Options(accounts=8, rate_limit=0)) as sandbox:
        house = House(sandbox, tmp_path_factory.mktemp("undisturbed"))
        assert not house.sync().failures
        return house.truth()


def test_a_night_in_a_lake_is_the_night_in_a_file(house: House, undisturbed: Truth) -> None:
    assert house.sync().failures == []
    assert house.truth() == undisturbed


@pytest.mark.parametrize("ended", [stop, kill])
def test_a_catalog_that_goes_away_while_asking_and_comes_back_costs_the_night_nothing(
    house: House, undisturbed: Truth, server: Any, ended: Callable[[Any], None], caplog: pytest.LogCaptureFixture
) -> None:
    away = threading.Thread(target=_away, args=(house, server, ended, caplog))
    away.start()
    progress = house.sync()
    away.join()

    assert progress.failures == []
    assert house.truth() == undisturbed
    assert max(house.asked().count(request) for request in house.asked()) == 1, "nothing was asked twice"


def _away(house: House, server: Any, ended: Callable[[Any], None], caplog: pytest.LogCaptureFixture) -> None:
    """End the catalog while the night is being asked, and start it again when a load has met that."""
    while house.sandbox.requests.total < 5:
        time.sleep(0.01)
    ended(server)
    while not any("is tried again" in record.getMessage() for record in caplog.records):
        time.sleep(0.01)
    start(server)


def test_a_catalog_that_stays_away_ends_the_night_in_one_line_and_the_next_start_asks_for_the_rest(
    house: House, undisturbed: Truth, server: Any, catalog: Catalog
) -> None:
    house.sandbox.faults.set([Rule("slow", endpoint="pnl", seconds=3)])  # all else has landed by then
    ended: list[bool] = []

    def _ends(progress: Progress) -> None:
        if progress.landed and not ended:
            ended.append(True)
            stop(server)

    store = LakeStore(catalog.lake(), patience=1)
    with pytest.raises(WarehouseUnusable, match=r"a batch could not be written to the lake .*, and does not count: "):
        house.sync(warehouse=Warehouse(store), observe=_ends, timeout=20)

    start(server)
    landed = house.rows("select request_id from raw.responses")
    assert landed
    before = {target(entry) for entry in house.sandbox.requests.entries if (entry.request_id,) in landed}
    house.sandbox.requests.clear()
    house.sandbox.faults.set([])
    assert house.sync().failures == []
    assert house.truth() == undisturbed
    assert not before & set(house.asked()), "nothing that had landed was asked again"


def test_a_catalog_that_stands_still_in_the_middle_of_a_load_ends_it_in_one_line(
    catalog: Catalog, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lake_watch, "EVERY", 0.1)
    monkeypatch.setattr(lake_watch, "LIMIT", 2)  # the least that libpq takes
    lake = catalog.lake(connect_timeout="2")
    warehouse = Warehouse(LakeStore(lake, patience=1))
    with holding_lake(lake, "a test"):
        warehouse.load(_a_response("1"))
        with ExitStack() as standing, monkeypatch.context() as patch:
            patch.setattr(lake_store, "make_sure", lambda lake: standing.enter_context(frozen(server)))  # before the commit
            with pytest.raises(WarehouseUnusable, match=r"could not be written to the lake .* does not count"):
                warehouse.load(_a_response("2"))
        warehouse.load(_a_response("3"))
    assert rows(lake, "select response_id from raw.responses order by all") == [("1",), ("3",)]


def _a_response(number: str) -> Batch:
    batch = Batch()
    batch.add(RESPONSES, {"response_id": number})
    return batch


def test_a_restart_of_the_catalog_lets_no_second_writer_in_unnoticed(house: House, server: Any, catalog: Catalog) -> None:
    with holding_lake(catalog.lake(), "bluum sync"):
        assert house.sync().failures == []
        stop(server)
        start(server)
        with closing(psycopg2.connect(server.get_uri(catalog.name), application_name="the second")) as second:
            with second.cursor() as cursor:
                cursor.execute("select pg_advisory_lock(hashtextextended('bluum public', 0))")
            house.next_night()
            with pytest.raises(Locked, match=r"`the second` is writing to the lake .*what had not landed does not count"):
                house.sync()
        assert house.rows("select count(distinct as_of_date) from raw.responses") == [(1,)]
        assert house.sync().failures == [], "when the second has gone, the lock is taken again"


def test_a_lake_of_an_older_program_is_brought_up_to_date_and_nothing_is_asked_again(house: House, catalog: Catalog) -> None:
    assert house.sync().failures == []
    before, asked = house.truth(), house.sandbox.requests.total
    sources = house.rows("select count(price_source) from raw.positions")
    with closing(catalog.lake().connect()) as connection:
        connection.execute("alter table raw.positions drop column price_source")
        connection.execute("drop table raw.policy_terms")
        connection.execute("create schema builds; create schema staging; create schema marts_next")
        connection.execute("create table builds.program as select '0.6.0 of other columns' as version")
        connection.execute("create table builds.built_loads as select load_id from raw._dlt_loads")
        connection.execute("create table marts_next.kept as select 1 as one")

    assert house.sync().failures == []

    assert house.sandbox.requests.total == asked + 1, "a complete night is asked for its date"
    assert house.rows("select distinct price_source from raw.positions") == [(None,)]
    assert house.rows("select count(*) from raw.policy_terms") == [(0,)]
    assert house.rows("select count(*) from builds.built_loads") == [(0,)], "everything is computed again"
    assert house.rows("from marts_next.kept") == [(1,)]
    replay(Warehouse(LakeStore(catalog.lake())), everything=True)
    assert house.rows("select count(price_source) from raw.positions") == sources
    assert {**house.truth(), "positions": None} == {**before, "positions": None}, "whose columns have another order now"


def test_a_full_disk_loads_nothing_and_says_so(house: House, catalog: Catalog) -> None:
    command = [sys.executable, "-c", FULL, catalog.address(), catalog.lake().data]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, preexec_fn=_on_a_full_disk)
    assert "WarehouseUnusable: a batch could not be written to the lake" in ended.stderr
    assert "does not count" in ended.stderr
    assert Warehouse(LakeStore(catalog.lake())).committed_loads() == []


def _on_a_full_disk() -> None:
    """No file of this process grows beyond 1 kB."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
