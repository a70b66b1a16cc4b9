"""Draws histories of accounts in a misbehaving world, builds them, and says which invariant one of them breaks.

    .venv/bin/python bench/histories.py --worlds 25 --seed 1       # fifteen accounts each, half a minute each

The long form of tests/sql/test_invariants.py. Exits 1 if anything is broken, with the seed that shows it.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from helpers.invariants import ACCOUNTS, NIGHTS, broken
from helpers.sql_warehouse import Dbt


def main() -> int:
    """Run it; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1, help="of the first world")
    given = parser.parse_args()
    began, guilty = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as name:
        dbt = Dbt(Path(name))
        for seed in range(given.seed, given.seed + given.worlds):
            folder = Path(name) / str(seed)
            folder.mkdir()
            nightly, whole = folder / "nightly" / "warehouse.duckdb", folder / "whole" / "warehouse.duckdb"
            found = broken(dbt, random.Random(seed), nightly, whole)
            shutil.rmtree(folder)
            guilty += bool(found)
            print(f"world {seed}: {found or 'holds'}", flush=True)
    seconds = time.monotonic() - began
    print(f"{given.worlds * ACCOUNTS} histories of up to {NIGHTS} nights, {guilty} worlds broken, {seconds:.0f} s")
    return 1 if guilty else 0


if __name__ == "__main__":
    sys.exit(main())
