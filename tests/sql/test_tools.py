"""Other people's tools on the published file: each decimal to the digit, and the next night once it is published.

polars, pyarrow and pandas are tests/reading's; other versions of DuckDB read along in tests/faults/test_readers.py.
"""

import shutil
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa
from helpers.keys import published
from sqlalchemy.pool import NullPool

from pipelines.destination.publish import publish
from pipelines.settings import Settings

LONGEST = Decimal("12345678901234567890.123456789012345678")
NODE = """
import { DuckDBInstance } from '@duckdb/node-api';
const instance = await DuckDBInstance.create(process.argv[2], { access_mode: 'READ_ONLY' });
const connection = await instance.connect();
const question = 'select quantity, as_of_date from marts.positions_daily where account_id = $1';
const reader = await connection.runAndReadAll(question, ['z']);
console.log(JSON.stringify(reader.getRowObjectsJson()));
"""


@pytest.fixture(scope="module")
def settings(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A published file whose positions have a quantity of 38 digits, and the warehouse it came from."""
    data = tmp_path_factory.mktemp("tools")
    shutil.copy(warehouse, data)
    given = Settings(_env_file=None, api_key="k", BLUUM_API_SECRET="s", data_dir=data)  # type: ignore[call-arg]
    with duckdb.connect(str(given.warehouse_file)) as connection:
        connection.execute(
            "insert into marts.positions_daily (as_of_date, account_id, position_id, quantity)"
            f" values ('2026-03-04', 'z', 'p', {LONGEST})"
        )
    publish(given, "run 1")
    return given


@pytest.fixture(scope="module")
def engine(settings: Settings) -> Iterator[sa.Engine]:
    made = sa.create_engine(f"duckdb:///{settings.bi}", connect_args={"read_only": True}, poolclass=NullPool)
    yield made
    made.dispose()


def test_sqlalchemy_sees_every_table_and_view_with_types_comments_and_what_may_be_null(engine: sa.Engine) -> None:
    inspector = sa.inspect(engine)
    for schema in ("marts", "audit"):
        with engine.connect() as connection:
            held = connection.exec_driver_sql(
                "select table_name, list((column_name, coalesce(comment, ''), is_nullable) order by column_index)"
                f" from duckdb_columns() where database_name = 'bi' and schema_name = '{schema}' group by all"
            ).fetchall()
        names = {*inspector.get_table_names(schema=schema), *inspector.get_view_names(schema=schema)}
        assert names == {table for table, _ in held}
        for table, columns in held:
            found = inspector.get_columns(table, schema=schema)
            assert [(c["name"], c["comment"] or "", c["nullable"]) for c in found] == columns
            assert [c["name"] for c in found if isinstance(c["type"], sa.types.NullType)] == []


def test_sqlalchemy_sees_the_digits_of_a_decimal_the_description_of_a_table_and_the_keys(engine: sa.Engine) -> None:
    inspector = sa.inspect(engine)
    (quantity,) = (c for c in inspector.get_columns("positions_daily", schema="marts") if c["name"] == "quantity")
    assert (quantity["type"].precision, quantity["type"].scale) == (38, 18)  # type: ignore[attr-defined]
    descriptions = {table: " ".join(model["description"].split()) for table, model in published()}
    assert inspector.get_table_comment("accounts", schema="marts")["text"] == descriptions["marts.accounts"]
    assert inspector.get_pk_constraint("accounts", schema="marts")["constrained_columns"] == ["account_id"]
    assert inspector.get_pk_constraint("portfolios", schema="marts")["constrained_columns"] == ["portfolio_id"]


def test_sqlalchemy_reads_38_digits_as_they_are(engine: sa.Engine) -> None:
    positions = sa.Table("positions_daily", sa.MetaData(), schema="marts", autoload_with=engine)
    with engine.connect() as connection:
        read = connection.execute(sa.select(positions.c.quantity).where(positions.c.account_id == "z")).scalar_one()
    assert read == LONGEST


def test_sqlalchemy_without_a_pool_sees_the_next_night(engine: sa.Engine, settings: Settings) -> None:
    newest = sa.text("select distinct run_id from marts.manifest")
    with engine.connect() as connection:
        before = connection.execute(newest).scalar_one()
    publish(settings, f"after {before}")
    with engine.connect() as connection:
        assert connection.execute(newest).scalar_one() == f"after {before}"


def test_harlequin_opens_the_file_read_only(settings: Settings) -> None:
    """The part of harlequin that speaks to DuckDB: its adapter, as `harlequin -r FILE` uses it."""
    from harlequin_duckdb import DuckDbAdapter

    connection = DuckDbAdapter((str(settings.bi),), read_only=True).connect()
    cursor = connection.execute("select quantity from bi.marts.positions_daily where account_id = 'z'")
    assert cursor is not None
    assert cursor.fetchall().column(0).to_pylist() == [LONGEST]  # type: ignore[union-attr]
    (database,) = connection.get_catalog().items
    assert {"marts", "audit"} <= {schema.label for schema in database.fetch_children()}
    connection.close()


@pytest.mark.long
def test_node_reads_the_digits_as_they_are(settings: Settings, tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("npm is not on this machine")
    command = ["npm", "install", "--no-audit", "--no-fund", "@duckdb/node-api"]
    installed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    if installed.returncode:
        pytest.skip(f"@duckdb/node-api cannot be had: {installed.stderr.strip().splitlines()[:1]}")
    (tmp_path / "ask.mjs").write_text(NODE)
    asked = subprocess.run(["node", "ask.mjs", settings.bi], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert asked.stdout.strip() == f'[{{"quantity":"{LONGEST}","as_of_date":"2026-03-04"}}]', asked.stderr
