"""A lake of very many accounts: some nights of it, then one more through the program's own loading, models and publishing.

    .venv/bin/python bench/large.py --accounts 10000 --nights 3 --limit 2GB [--folder DIR] [--check]

`history.py` makes the accounts of one batch in a file, about 4,600 answers a night; SQL multiplies them into a lake, a
transaction a night, each copy with ids of its own. These nights have no bodies. The last one comes as a sync's batches,
each a copy with bodies of a real answer's size, and is loaded, built and published as after a sync: only the asking is
left out. Prints seconds, processor seconds and peak memory of each step, and bytes of each part. `--check` compares the
marts with those of the one batch: every count and every sum has to be as many times as much.
"""

import argparse
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import history

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from helpers.engines.postgres import serving
from helpers.lakes import Catalog
from helpers.sql_warehouse import Dbt, raw_columns

from cli.running import Work, execute
from pipelines.api.parse import Batch
from pipelines.destination.warehouse import Warehouse
from pipelines.schema.rows import Rows
from pipelines.schema.tables import TABLES
from pipelines.settings import Settings

SEED = 500
"""Accounts of a copy: their answers of a night are a sync's batch."""
ROSTER = {"accounts", "account_portfolios"}
_OWN = "|| '-' || copy"
_BODY = """
case when account_id is not null then '{"items":[' || list_aggregate(list_transform(range(24), lambda item: printf(
    '{"symbol":"SYM%d","quantity":"%d.%09d","market_value":"%d.%02d","price_confidence":"LIVE"}', item,
    hash(response_id, item) % 90, hash(item, response_id) % 1000000000, hash(response_id, item, 1) % 100000, item
)), 'string_agg', ',') || ']}' end"""


def own(column: str, seed: int) -> str | None:
    """What a column of a copy holds instead; None: the same. Response ids keep their width, and so their order."""
    if column in ("account_id", "portfolio_id", "ips_id"):
        return f"{column} {_OWN}"
    if column in ("position_id", "params"):
        return f"case when account_id is null then {column} else replace({column}, account_id, account_id {_OWN}) end"
    if column in ("response_id", "answer_id"):
        number = f"cast(substr({column}, 10) as bigint)"
        moved = f"left({column}, 9) || lpad(cast({number} + copy * {seed * 16} as varchar), 8, '0')"
        return f"case when {number} = 0 then {column} else {moved} end"
    return None


def rows_of(table: str, seed: int, night: int, first: int, copies: int, *, bodies: bool = False) -> str:
    """The query for a night's rows of some copies; the roster's answer is one for all of them."""
    columns = raw_columns(table)
    replaced = [f'{what} as "{column}"' for column in columns if (what := own(column, seed))]
    body = [f"{_BODY} as body"] if table == "responses" and bodies else []
    one = "and (account_id is not null or copy = 0)" if table == "responses" else ""
    return (
        f"select * exclude (copy) replace ({', '.join(replaced + body)})"
        f" from seed.raw.{table}, range({first}, {first + copies}) as r (copy)"
        f" where _dlt_load_id like '{night}.%' {one}"
    )


def fill(warehouse: Warehouse, seed_file: Path, seed: int, copies: int, nights: int) -> None:
    """Put the nights into an empty lake, each in one transaction."""
    warehouse.load(Batch.blank(TABLES.values()))  # every table as the program makes it
    with closing(warehouse.store.open()) as connection:
        connection.execute(f"attach '{seed_file}' as seed (read_only)")
        for night in range(nights):
            connection.execute("begin")
            for table in TABLES:
                connection.execute(f"insert into raw.{table} by name {rows_of(table, seed, night, 0, copies)}")
            loads = f"select * from seed.raw._dlt_loads where load_id like '{night}.%'"
            connection.execute(f"insert into raw._dlt_loads by name {loads}")
            connection.execute("commit")


def batches(seed_file: Path, seed: int, copies: int, night: int) -> Iterator[Batch]:
    """A night as a sync hands it on: the roster first, then a batch a copy."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{seed_file}' as seed (read_only); set TimeZone = 'UTC'")

        def batch(names: Iterable[str], first: int, number: int) -> Batch:
            found = {}
            for name in names:
                query = rows_of(name, seed, night, first, number, bodies=True)
                rows = connection.execute(f"select * exclude (_dlt_load_id) from ({query})").to_arrow_table()
                if len(rows):
                    found[name] = Rows(TABLES[name], rows.to_pylist())
            return Batch(found)

        yield batch(ROSTER, 0, copies)
        for copy in range(copies):
            yield batch(TABLES.keys() - ROSTER, copy, 1)


@dataclass
class Cost:
    """What a step took: seconds, of the processor too, of the program and dbt; and the peak of each in GB."""

    wall: float
    processor: float
    peak: float
    peak_of_dbt: float


def _run(step: Callable[..., Any], arguments: tuple[Any, ...], told: Any) -> None:
    began = time.monotonic()
    said = step(*arguments)
    wall = time.monotonic() - began
    own_use, dbt = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = own_use.ru_utime + own_use.ru_stime + dbt.ru_utime + dbt.ru_stime
    told.send((said, Cost(wall, processor, own_use.ru_maxrss / 1e6, dbt.ru_maxrss / 1e6)))


def measured(name: str, step: Callable[..., Any], *arguments: Any) -> Any:
    """Run a step in a process of its own and print what it cost. Raises RuntimeError if it fails."""
    spawning = multiprocessing.get_context("spawn")
    mine, theirs = spawning.Pipe(duplex=False)
    process = spawning.Process(target=_run, args=(step, arguments, theirs))
    process.start()
    theirs.close()
    try:
        said, cost = mine.recv()
    except EOFError:
        raise RuntimeError(f"{name} failed") from None
    process.join()
    print(
        f"{name:28} {cost.wall:8.1f} s {cost.processor:8.1f} s of processor, peak {cost.peak:.2f} GB"
        f"{f', of dbt {cost.peak_of_dbt:.2f} GB' if cost.peak_of_dbt > 0.2 else ''} {said or ''}",
        flush=True,
    )
    return said


def step_fill(settings: Settings, *given: Any) -> None:
    """The nights that are there."""
    fill(Warehouse.of(settings), *given)


def step_load(settings: Settings, seed_file: Path, seed: int, copies: int, night: int) -> str:
    """One more, as a sync loads it."""
    warehouse, took, slowest, number = Warehouse.of(settings), 0.0, 0.0, 0
    for batch in batches(seed_file, seed, copies, night):
        began = time.monotonic()
        warehouse.load(batch)
        seconds = time.monotonic() - began
        took, slowest, number = took + seconds, max(slowest, seconds), number + 1
    return f"({number} loads took {took:.1f} s of it, the slowest {slowest:.2f} s)"


def step_build(settings: Settings) -> None:
    """The models, their tests, the publication and the upkeep."""
    execute(settings, Work("remodel"))


def check(catalog: Catalog, one: Path, copies: int) -> list[str]:
    """The marts, by account, that are not so many times the ones of a single copy, and in which column."""
    otherwise = []
    with catalog.lake().connect(read_only=True) as connection:
        connection.execute(f"attach '{one}' as one (read_only)")
        columns: dict[str, list[str]] = {}
        for schema, table, column, kind in connection.execute(
            "select schema_name, table_name, column_name, data_type from duckdb_columns()"
            " where database_name = 'one' and schema_name in ('marts', 'audit') order by all"
        ).fetchall():
            columns.setdefault(f"{schema}.{table}", []).append(column)
            if not kind.startswith(("DECIMAL", "BIGINT", "INTEGER")):
                columns[f"{schema}.{table}"][-1] += "*"
        for mart, names in columns.items():
            if "account_id*" not in names:
                continue
            counted = [f"count({name.rstrip('*')})" for name in names]
            summed = [f"sum({name})" for name in names if not name.endswith("*")]
            query = f"select {', '.join(counted + summed)} from {{}}.{mart} where account_id is not null"
            (many,), (single,) = (connection.execute(query.format(name)).fetchall() for name in ("lake", "one"))
            for what, ours, theirs in zip(counted + summed, many, single, strict=True):
                if ours != (None if theirs is None else theirs * copies):
                    otherwise.append(f"{mart}: {what} is {ours}, and {theirs} of one copy")
    return otherwise


def sizes(catalog: Catalog) -> None:
    """Print what each part takes on the disk, what of it is deleted by now, and what the catalog says of it."""
    with catalog.lake().connect(read_only=True) as connection:
        found = connection.execute(
            """
            select schema_name, sum(file_size_bytes) / 1e6, sum(file_count) from ducklake_table_info('lake')
            join duckdb_tables() using (table_name) group by all order by all
            """
        ).fetchall()
    for name, megabytes, files in found:
        print(f"  {name:26} {megabytes:10,.1f} MB in {files} files")
    on_disk = sum(file.stat().st_size for file in Path(catalog.data).rglob("*") if file.is_file()) / 1e6
    print(f"  all files                  {on_disk:10,.1f} MB")
    print(catalog.sql("select pg_size_pretty(pg_database_size(current_database()))").strip(), flush=True)


def main() -> int:
    """Run it; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--nights", type=int, default=3)
    parser.add_argument("--limit", default="2GB", help="BLUUM_MEMORY_LIMIT")
    parser.add_argument("--seed", type=int, default=SEED, help="accounts of a copy")
    parser.add_argument("--folder", type=Path, help="where there is room")
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    copies = given.accounts // given.seed
    with TemporaryDirectory(dir=given.folder) as name, serving() as server:
        folder = Path(name)
        catalog = Catalog(server, "lake", folder / "files")
        settings = Settings(
            api_key="nobody",
            BLUUM_API_SECRET="none",
            BLUUM_BASE_URL="http://127.0.0.1:9/v1",
            data_dir=folder / "data",
            memory_limit=given.limit,
            keep_reports=0,
            **catalog.given,
        )
        seed_file = folder / "seed" / "warehouse.duckdb"
        seed_file.parent.mkdir()
        history.create(seed_file, given.seed, given.nights + 1)
        measured(f"{given.nights} nights, by SQL", step_fill, settings, seed_file, given.seed, copies, given.nights)
        sizes(catalog)
        measured("built and published", step_build, settings)
        sizes(catalog)
        if given.check:
            one = folder / "one" / "warehouse.duckdb"
            one.parent.mkdir()
            history.create(one, given.seed, given.nights)
            Dbt(folder / "target").run(one)
            if found := check(catalog, one, copies):
                print("\n".join(found))
                return 1
            print(f"every mart is {copies} times that of one copy")
        measured("one more night, loaded", step_load, settings, seed_file, given.seed, copies, given.nights)
        measured("built and published", step_build, settings)
        sizes(catalog)
    return 0


if __name__ == "__main__":
    sys.exit(main())
