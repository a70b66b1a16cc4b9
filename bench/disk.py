"""What an account costs on the disk each night: the file as it is made now, and the same tables as DuckDB would store them.

    python bench/disk.py --accounts 100 --nights 30

Real answers of the sandbox, loaded night by night, then all models. Prints bytes per account and night of both files and
how long each takes to write its bodies and to read them, in turns.
"""

import argparse
import sys
import time
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import duckdb

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from helpers.faulty import running
from helpers.house import House
from helpers.sql_warehouse import Dbt

from sandbox.server import Options

TURNS = 5


def used(path: Path, table: str = "") -> int:
    """Bytes of the blocks that hold the file, or a column of it."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("checkpoint")
        ((size, blocks),) = connection.execute("select block_size, used_blocks from pragma_database_size()").fetchall()
        if not table:
            return int(size * blocks)
        ids = f"select block_id, unnest(additional_block_ids) from pragma_storage_info('{table}') where column_name = 'body'"
        found = {number for row in connection.execute(ids).fetchall() for number in row if number >= 0}
        return int(size * len(found))


def copied(path: Path, to: Path) -> Path:
    """The same tables in a file as DuckDB makes it by itself."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{path}' as ours (read_only); attach '{to}' as plain; copy from database ours to plain")
    return to


def seconds(path: Path, statement: str) -> float:
    """One run of a statement on a file just opened."""
    with duckdb.connect(str(path)) as connection:
        begun = time.perf_counter()
        connection.execute(statement).fetchall()
        return time.perf_counter() - begun


def main() -> None:
    """Play the nights, build, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=100)
    parser.add_argument("--nights", type=int, default=30)
    options = parser.parse_args()
    with TemporaryDirectory() as folder, running(Options(accounts=options.accounts, rate_limit=0)) as sandbox:
        house = House(sandbox, Path(folder) / "data")
        sandbox.clock.to_night(date(2022, 4, 4))
        for _ in range(options.nights):
            house.sync()
            house.next_night()
        raw = used(house.warehouse)
        Dbt(Path(folder) / "target").run(house.warehouse)
        plain = copied(house.warehouse, Path(folder) / "plain.duckdb")
        nights = options.accounts * options.nights
        print(f"{options.accounts} accounts, {options.nights} nights; bytes per account and night")
        print(f"  raw tables as loaded {raw / nights:8,.0f}")
        print(f"  all, ours            {used(house.warehouse) / nights:8,.0f}   plain {used(plain) / nights:8,.0f}")
        ours, others = used(house.warehouse, "raw.responses"), used(plain, "raw.responses")
        print(f"  bodies, ours         {ours / nights:8,.0f}   plain {others / nights:8,.0f}   ratio {others / ours:.1f}")
        for what, statement in (
            ("read all bodies", "select sum(length(body)), bit_xor(hash(body)) from raw.responses"),
            ("write them again", "create or replace table raw.again as select * from raw.responses"),
        ):
            turns = [(seconds(house.warehouse, statement), seconds(plain, statement)) for _ in range(TURNS)]
            ours_took, plain_took = (median(times) for times in zip(*turns, strict=True))
            print(f"  {what:20} {ours_took:8.3f} s plain {plain_took:8.3f} s  (medians of {TURNS})")


if __name__ == "__main__":
    main()
