"""A small warehouse for the tests of sql/: raw tables written by hand, and dbt run over them in process.

    Night.ask(...) -> rows of raw.* -> one committed load -> dbt build -> marts

Says nothing about HTTP or dlt: it writes what the loader would have written.
"""

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from assets.project import dbt_project
from pipelines.schema.tables import TABLES

SQL = Path(__file__).parents[2] / "sql"
_TYPES = {
    "text": "varchar",
    "json": "varchar",
    "integer": "bigint",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamptz",
    "quantity": "decimal(38, 18)",
    "money": "decimal(38, 9)",
    "percent": "decimal(38, 9)",
}
Row = Mapping[str, Any]


def raw_columns(table: str) -> dict[str, str]:
    """Every column of a raw table with its DuckDB type, in the order the loader gives them."""
    own = {column.name: _TYPES[column.kind.name] for column in TABLES[table].columns}
    return {"response_id": "varchar", "as_of_date": "date", **own, "_dlt_load_id": "varchar"}


def create_raw(path: Path) -> None:
    """Create the raw tables, empty, as a first sync leaves them."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema if not exists raw")
        for name in TABLES:
            columns = ", ".join(f'"{column}" {kind}' for column, kind in raw_columns(name).items())
            connection.execute(f'create table raw."{name}" ({columns})')
        connection.execute(
            "create table raw._dlt_loads (load_id varchar, schema_name varchar, status bigint,"
            " inserted_at timestamptz, schema_version_hash varchar)"
        )
        connection.execute("create schema builds; create table builds.built_loads (load_id varchar)")


class Night:
    """One night's requests, gathered into one load.

    `sequence` goes on from night to night within a date, as response ids do.
    """

    def __init__(self, as_of: date, load_id: str, first: int = 0) -> None:
        self.as_of = as_of
        self.load_id = load_id
        self.sequence = first
        self.rows: dict[str, list[dict[str, Any]]] = {}

    def ask(
        self,
        endpoint: str,
        account: str | None = None,
        portfolio: str | None = None,
        *,
        outcome: str = "ok",
        params: Mapping[str, str] | None = None,
        planned: bool = True,
        answer_id: str | None = None,
        page: int = 0,
        **tables: Iterable[Row],
    ) -> str:
        """One finished request with the typed rows of its answer; returns its response_id."""
        response_id = f"{self.as_of:%Y%m%d}-{self.sequence:08d}"
        evening = datetime(self.as_of.year, self.as_of.month, self.as_of.day, 23, tzinfo=UTC)
        asked = evening + timedelta(seconds=self.sequence)
        self.sequence += 1
        text = json.dumps(dict(params or {}), sort_keys=True, separators=(",", ":"))
        request = {"endpoint": endpoint, "account_id": account, "portfolio_id": portfolio, "params": text}
        self._add(
            "responses",
            response_id,
            {
                **request,
                "answer_id": answer_id or response_id,
                "page": page,
                "outcome": outcome,
                "attempts": 1,
                "rate_limited": 0,
                "requested_at": asked,
                "received_at": asked + timedelta(milliseconds=500),
            },
        )
        if planned and endpoint not in ("accounts", "pnl_backfill", "performance_backfill") and page == 0:
            self.plan(endpoint, account, portfolio, params)
        for table, rows in tables.items():
            for row in rows:
                ids = {"account_id": account, "portfolio_id": portfolio}
                known = {name: value for name, value in ids.items() if name in raw_columns(table)}
                self._add(table, response_id, {**known, **row})
        return response_id

    def plan(
        self, endpoint: str, account: str | None = None, portfolio: str | None = None, params: Row | None = None
    ) -> None:
        """A request the night's answers implied."""
        text = json.dumps(dict(params or {}), sort_keys=True, separators=(",", ":"))
        row = {"endpoint": endpoint, "account_id": account, "portfolio_id": portfolio, "params": text}
        self._add("plan", f"{self.as_of:%Y%m%d}-{self.sequence:08d}", row)

    def add(self, table: str, response_id: str, row: Row) -> None:
        """A typed row that arrives by itself: of an answer that an earlier load holds."""
        self._add(table, response_id, row)

    def pnl(self, account: str, start: date, end: date, *, outcome: str = "ok", **figures: Any) -> str:
        """A P&L report; figures are measures of its head, `positions` {symbol: row}, `classes` {class: row}."""
        endpoint = "pnl" if end == self.as_of else "pnl_backfill"
        window = {"start_date": start, "end_date": end}
        positions = figures.pop("positions", {})
        classes = figures.pop("classes", {})
        tables: dict[str, Any] = {}
        if outcome == "ok":
            tables["pnl_reports"] = [{**window, **figures}]
            tables["pnl_by_position"] = [
                {**window, "item_number": number, "symbol": symbol, **row}
                for number, (symbol, row) in enumerate(positions.items())
            ]
            tables["pnl_by_asset_class"] = [
                {**window, "item_number": number, "asset_class": name, **row}
                for number, (name, row) in enumerate(classes.items())
            ]
        params = {"start_date": start.isoformat(), "end_date": end.isoformat()}
        return self.ask(endpoint, account, outcome=outcome, params=params, **tables)

    def drift(self, account: str, portfolio: str, classes: Mapping[str, tuple[str, str]], **head: Any) -> str:
        """A rebalancing analysis; classes are {asset class: (target, actual)}, drift follows."""
        allocations = [
            {"asset_class": name, "target": target, "actual": actual, "drift": Decimal(actual) - Decimal(target)}
            for name, (target, actual) in classes.items()
        ]
        return self.ask("rebalancing", account, portfolio, rebalancing=[head], rebalancing_allocations=allocations)

    def policy(
        self,
        account: str,
        version: int,
        effective: date,
        bands: Mapping[str, tuple[str, str, str]],
        *,
        ips: str = "ips_1",
        status: str = "active",
        threshold: str | None = "5",
        history: Mapping[int, date] | None = None,
        asked_for: bool = False,
        body: Row | None = None,
        terms: Mapping[str, Iterable[str]] | None = None,
    ) -> str:
        """A policy version; bands are {asset class: (min, target, max)}, terms {list: its items}, body what else it says."""
        key = {"ips_id": ips, "version": version}
        return self.ask(
            "investment_policy_version" if asked_for else "investment_policy",
            account,
            params={"version": str(version)} if asked_for else {"include_history": "true"},
            policy_versions=[
                {**key, "status": status, "effective_date": effective, "threshold_percent": threshold, **(body or {})}
            ],
            policy_terms=[
                {**key, "term": term, "item_number": number, "value": value}
                for term, values in (terms or {}).items()
                for number, value in enumerate(values, start=1)
            ],
            policy_targets=[
                {**key, "asset_class": name, "min_percent": low, "target_percent": target, "max_percent": high}
                for name, (low, target, high) in bands.items()
            ],
            policy_history=[
                {"ips_id": ips, "current_version": version, "version": old, "effective_date": day}
                for old, day in (history or {}).items()
            ],
        )

    def load(self, path: Path, *, status: int | None = 0) -> None:
        """Write the rows as one load; status None leaves it uncommitted."""
        with duckdb.connect(str(path)) as connection:
            for table, rows in self.rows.items():
                columns = list(raw_columns(table))
                marks = ", ".join("?" for _ in columns)
                names = ", ".join(f'"{name}"' for name in columns)
                values = [[row.get(name) for name in columns] for row in rows]
                connection.executemany(f'insert into raw."{table}" ({names}) values ({marks})', values)
            if status is not None:
                connection.execute(
                    "insert into raw._dlt_loads values (?, 'bluum', ?, ?, 'hash')", [self.load_id, status, datetime.now(UTC)]
                )

    def _add(self, table: str, response_id: str, row: Row) -> None:
        full = {"response_id": response_id, "as_of_date": self.as_of, "_dlt_load_id": self.load_id, **row}
        self.rows.setdefault(table, []).append(full)


@contextmanager
def _in(folder: Path) -> Iterator[None]:
    """Work in a folder, without a warehouse named by the environment: dbt parses all anew when either is another one."""
    before, named = Path.cwd(), os.environ.pop("BLUUM_WAREHOUSE", None)
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
        if named is not None:
            os.environ["BLUUM_WAREHOUSE"] = named


def note_built_loads(path: Path) -> None:
    """What the program notes after a complete build: the committed loads are taken in."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "insert into builds.built_loads select load_id from raw._dlt_loads"
            " where status = 0 and load_id not in (select load_id from builds.built_loads)"
        )


class Dbt:
    """dbt in process, from the project that the program has parsed: every warehouse is a file named warehouse.duckdb."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self._manifest: Any = None

    def __call__(self, *arguments: str, warehouse: Path) -> Any:
        """Run one command and return its results; a failing one raises with what failed."""
        assert warehouse.name == "warehouse.duckdb", "the parsed project names the database after its file"
        if self._manifest is None and arguments != ("parse",):
            self.target.mkdir(parents=True, exist_ok=True)
            shutil.copy(dbt_project().manifest_path.with_name("partial_parse.msgpack"), self.target)
            self._manifest = self("parse", warehouse=warehouse)
        options = ["--project-dir", str(SQL), "--profiles-dir", str(SQL), "--target-path", str(self.target)]
        logs = ["--log-path", str(self.target / "logs"), "--quiet", "--no-write-json", "--log-level-file", "none"]
        with _in(warehouse.parent):
            try:
                outcome = dbtRunner(manifest=self._manifest).invoke([*arguments, *options, *logs])
            finally:
                DuckDBConnectionManager.close_all_connections()  # dbt would hold the file until this process ends
        if not outcome.success:
            results = getattr(outcome.result, "results", [])
            failed = [f"{result.node.name}: {result.message}" for result in results if result.status in ("error", "fail")]
            raise AssertionError("\n".join(failed) or str(outcome.exception))
        if arguments[0] in ("run", "build"):
            note_built_loads(warehouse)
        return outcome.result

    def run(self, warehouse: Path, *arguments: str) -> Any:
        """Build everything without any test."""
        return self.build(warehouse, "--exclude-resource-type", "test", *arguments)

    def build(self, warehouse: Path, *arguments: str) -> Any:
        """Build everything but the unit tests, which have a test of their own."""
        return self("build", "--exclude-resource-type", "unit_test", *arguments, warehouse=warehouse)


def marts_side_by_side(nightly: Path, whole: Path) -> dict[str, list[tuple[Any, ...]]]:
    """By mart, the rows that only one of two warehouses has, each with the name of its side."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{nightly}' as nightly (read_only); attach '{whole}' as whole (read_only)")
        marts = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables()"
            " where database_name = 'whole' and schema_name in ('marts', 'audit')"
        ).fetchall()
        return {
            mart: connection.execute(
                f"select 'nightly', * from (from nightly.{mart} except all from whole.{mart})"
                f" union all select 'whole', * from (from whole.{mart} except all from nightly.{mart})"
            ).fetchall()
            for (mart,) in marts
        }


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        found: list[tuple[Any, ...]] = connection.execute(query).fetchall()
    return found
