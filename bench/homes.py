"""Times the same models in each home, over the raw rows of a warehouse that is already there.

    .venv/bin/python bench/homes.py data/demo/warehouse.duckdb --home postgres     # after `make test-engines`

For each home: bringing the rows, a build of everything, and the same once more with no new row; dbt's own start and its
reading of the project (some five seconds) are in each build. The marts are compared with those of the warehouse file.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from helpers.engines.compare import differences, marts
from helpers.engines.ducklake import DuckLake
from helpers.engines.home import Home
from helpers.engines.postgres import Postgres, serving
from helpers.engines.spark import Spark
from helpers.sql_warehouse import Dbt

HOMES = ("warehouse", "postgres", "ducklake", "spark")


def main() -> int:
    """Run it; returns the exit code: 1 if a home says otherwise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("warehouse", type=Path)
    parser.add_argument("--home", action="append", choices=HOMES, help="may be given more than once; all without it")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # Postgres runs as a user of its own
        warehouse = Path(shutil.copy(given.warehouse, folder / "warehouse.duckdb"))
        dbt = Dbt(folder / "target")
        with _timed("warehouse", "built"):
            dbt.build(warehouse, "--full-refresh")
        with _timed("warehouse", "built again"):
            dbt.build(warehouse)
        said, otherwise = marts(warehouse), 0
        for target in given.home or HOMES[1:]:
            if target == "warehouse":
                continue
            (folder / target).mkdir()
            with _home(target, folder / target) as home:
                with _timed(target, "rows"):
                    home.load(warehouse)
                with _timed(target, "built"):
                    home.build()
                with _timed(target, "built again"):
                    home.build()
                found = differences(said, home.tables(said))
                print(f"{target}: {found or f'{len(said)} marts are equal'}", flush=True)
                otherwise += bool(found)
    return 1 if otherwise else 0


@contextmanager
def _home(target: str, folder: Path) -> Iterator[Home]:
    if target == "spark":
        yield Spark(folder)
        return
    with serving() as server:
        yield Postgres(folder, server) if target == "postgres" else DuckLake(folder, server, f"{folder}/files")


@contextmanager
def _timed(target: str, what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"{target}: {what} {time.monotonic() - began:.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
