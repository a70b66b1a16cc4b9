"""The built warehouse of conftest.py, read as an analyst would."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from helpers.sql_warehouse import Dbt, Night, create_raw, rows

from pipelines.schema.tables import TABLES

D = Decimal
SECOND, THIRD = date(2026, 3, 3), date(2026, 3, 4)


def test_the_unit_tests_pass(dbt: Dbt, workbench: Path) -> None:
    results = dbt("test", "--select", "test_type:unit", warehouse=workbench)
    assert len(results.results) > 30


def test_a_figure_reads_as_it_was_known_before_and_after_its_correction(
    warehouse: Path, instant: Callable[[date], datetime]
) -> None:
    query = (
        "select total_pnl_itd, total_pnl, is_itd_restated from marts.pnl_daily_as_of('{}') where as_of_date = '2026-03-03'"
    )
    assert rows(warehouse, query.format(instant(SECOND))) == [(D(25), D(15), False)]
    assert rows(warehouse, query.format(instant(THIRD))) == [(D(22), D(12), True)]


def test_as_known_now_is_the_mart_itself(warehouse: Path) -> None:
    for mart in ("pnl_daily", "policy_versions", "allocation_drift_daily", "drift_episodes"):
        as_known = rows(warehouse, f"from marts.{mart}_as_of(now()) order by all")
        assert as_known == rows(warehouse, f"from marts.{mart} order by all")


def test_a_class_that_only_the_policy_of_its_night_named_stays(warehouse: Path, instant: Callable[[date], datetime]) -> None:
    """On the third night a policy without gold comes to be in force on the second, which was told with gold."""
    query = (
        "select as_of_date, policy_version, policy_target_percent, policy_version_then, is_outside_band_then"
        " from marts.allocation_drift_daily{} where asset_class = 'gold' order by 1"
    )
    first = (date(2026, 3, 2), 1, D(0), 1, False)
    assert rows(warehouse, query.format(f"_as_of('{instant(SECOND)}')")) == [first, (SECOND, 1, D(0), 1, False)]
    for now in ("", f"_as_of('{instant(THIRD)}')"):
        assert rows(warehouse, query.format(now)) == [first, (SECOND, 2, None, 1, False)]


def test_a_policy_reads_as_it_was_known_before_its_successor(warehouse: Path, instant: Callable[[date], datetime]) -> None:
    query = "select version, status, effective_to from marts.policy_versions_as_of('{}') order by 1"
    assert rows(warehouse, query.format(instant(SECOND))) == [(1, "active", None)]
    assert rows(warehouse, query.format(instant(THIRD))) == [(1, "superseded", SECOND), (2, "active", None)]


def test_a_late_policy_version_is_applied_to_the_days_it_governs(warehouse: Path) -> None:
    query = "select as_of_date, policy_version, max_percent, is_outside_band from marts.allocation_drift_daily"
    found = rows(warehouse, f"{query} where asset_class = 'equities' order by 1")
    assert found == [(date(2026, 3, 2), 1, D(60), False), (SECOND, 2, D(55), True)]


def test_the_as_known_macros_work_in_a_file_of_plain_tables(warehouse: Path, tmp_path: Path) -> None:
    """As a publisher would carry them over: tables by copy, macros by their definition."""
    published = tmp_path / "published.duckdb"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse}' as source (read_only)")
        connection.execute(f"attach '{published}' as bi (storage_version 'v1.0.0')")
        connection.execute("use bi; create schema marts; create schema audit")
        tables = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables()"
            " where database_name = 'source' and schema_name in ('marts', 'audit')"
        ).fetchall()
        for (name,) in tables:
            connection.execute(f"create table {name} as from source.{name}")
        macros = connection.execute(
            "select function_name, parameters, macro_definition from duckdb_functions()"
            " where database_name = 'source' and schema_name = 'marts' and function_type = 'table_macro'"
        ).fetchall()
        for name, parameters, definition in macros:
            connection.execute(f"create macro marts.{name}({', '.join(parameters)}) as table {definition}")
    with duckdb.connect(str(published), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        found = connection.execute("from marts.pnl_daily_as_of(now()) order by all").fetchall()
    assert found == rows(warehouse, "from marts.pnl_daily order by all")


def test_figures_beyond_arithmetic_are_kept_and_cost_nobody_else(warehouse: Path) -> None:
    query = "select position_id, market_value, weight_percent from marts.positions_daily order by 1"
    assert rows(warehouse, query) == [("p1", D("9" * 29), None), ("p2", D("1890.02"), None)]


def test_a_difference_is_a_row_and_what_agrees_is_none(warehouse: Path) -> None:
    query = "select check_name, entity, reported, recomputed, difference from marts.reconciliation_daily order by all"
    huge = D("9" * 29)
    assert rows(warehouse, query) == [
        ("policy_target", "p/gold", None, D(0), None),
        ("position_market_value", "p1", huge, None, None),
        ("position_market_value", "p2", D("1890.02"), D("1890"), D("0.02")),
        ("position_unrealized_pl", "p1", huge, None, None),
    ]


def test_rows_of_a_load_that_never_committed_do_not_count(dbt: Dbt, tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    create_raw(path)
    lost, landed = Night(THIRD, "1.5"), Night(THIRD, "2.5", first=5)
    for night, symbol in ((lost, "LOST"), (landed, "VTI")):
        night.ask("accounts", accounts=[{"account_id": "a"}])
        night.ask("positions", "a", positions=[{"position_id": symbol, "symbol": symbol}])
    lost.load(path, status=None)
    landed.load(path)
    landed.rows = {}
    landed.load(path)  # dlt notes a load twice when it was killed just after noting it
    dbt.run(path)
    assert rows(path, "select symbol from marts.positions_daily") == [("VTI",)]
    assert rows(path, "select endpoint, expected, requests from marts.sync_coverage_daily order by 1") == [
        ("accounts", 1, 1),
        ("positions", 1, 1),
    ]


def test_no_staging_model_shows_a_row_of_a_load_before_it_has_committed(dbt: Dbt, tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    create_raw(path)
    with duckdb.connect(str(path)) as connection:
        for table in TABLES:
            connection.execute(f"insert into raw.{table} by name select 'one' as response_id, 'a load' as _dlt_load_id")
    dbt("run", "--select", "staging", warehouse=path)

    def shown() -> dict[str, int]:
        views = rows(path, "select view_name from duckdb_views() where schema_name = 'staging'")
        return {view: rows(path, f"select count(*) from staging.{view}")[0][0] for (view,) in views}

    assert shown() == dict.fromkeys((f"stg_bluum__{table}" for table in (*TABLES, "loads")), 0)
    with duckdb.connect(str(path)) as connection:
        connection.execute("insert into raw._dlt_loads by name select 'a load' as load_id, 0 as status")
    assert set(shown().values()) == {1}


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("1", "3", "0.333333"),
        ("2", "3", "0.666667"),
        ("-2", "3", "-0.666667"),
        ("1", "-3", "-0.333333"),
        ("0.0000005", "1", "0.000001"),
        ("-0.0000005", "1", "-0.000001"),
        ("0.000000499", "1", "0"),
        ("999999999999", "1", "999999999999"),
        ("1000000000000", "1", None),
        ("1", "0", None),
        ("1", None, None),
        (None, "1", None),
        ("9" * 29, "9" * 29, None),
        ("9" * 19 + ".999999999", "9" * 19 + ".999999999", "1"),
    ],
)
def test_a_ratio_is_exact_to_six_decimals_or_null(ratio: str, a: str | None, b: str | None, expected: str | None) -> None:
    values = ", ".join("null" if value is None else f"'{value}'" for value in (a, b))
    typed = f"select cast(x as decimal(38, 9)) as a, cast(y as decimal(38, 9)) as b from (values ({values})) as v (x, y)"
    query = f"select {ratio} from ({typed})"
    assert duckdb.sql(query).fetchone() == (None if expected is None else D(expected),)


@pytest.fixture(scope="session")
def ratio(dbt: Dbt, workbench: Path) -> str:
    """The SQL of `ratio(a, b)` as dbt renders it."""
    results = dbt("compile", "--inline", "{{ ratio('a', 'b') }}", warehouse=workbench)
    return str(results.results[0].node.compiled_code)
