"""What the models cost: a full build of a long history, and ordinary nights after it, for one or more versions of sql/.

    .venv/bin/python bench/models.py --accounts 500 --nights 250 --sql before=/path/to/a/checkout/sql --sql after=sql

Each version builds a copy of the same raw tables, in turn, as the nightly sync does it: with the data tests, without the
unit tests. Prints seconds and peak memory of dbt's process, and the ratio to the first version: trust the ratios, not the
seconds.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import history

SQL = Path(__file__).parents[1] / "sql"


@dataclass
class Version:
    """One dbt project with a warehouse of its own, and what its builds cost: seconds and GB."""

    name: str
    sql: Path
    folder: Path
    full: tuple[float, float] = (0, 0)
    nights: list[tuple[float, float]] = field(default_factory=list)

    @property
    def warehouse(self) -> Path:
        """The file dbt builds in."""
        return self.folder / "warehouse.duckdb"

    def dbt(self, command: str) -> tuple[float, float]:
        """Run dbt; returns wall seconds and peak GB. Raises RuntimeError with dbt's output if it fails."""
        folders = {"project-dir": self.sql, "profiles-dir": self.sql, "target-path": "target", "log-path": "logs"}
        options = [f"--{name}={self.folder / folder}" for name, folder in folders.items()]
        only = ["--exclude-resource-type", "unit_test"] if command == "build" else []
        arguments = [sys.executable, "-m", "dbt.cli.main", command, *only, *options]
        with (self.folder / "output.txt").open("w") as output:
            began = time.monotonic()
            environment = os.environ | {"BLUUM_WAREHOUSE": str(self.warehouse)}
            process = subprocess.Popen(arguments, stdout=output, stderr=output, env=environment)
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{self.name}: dbt {command} failed\n{(self.folder / 'output.txt').read_text()}")
        return time.monotonic() - began, usage.ru_maxrss / 1e6


def main() -> int:
    """Run it; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=500)
    parser.add_argument("--nights", type=int, default=250, help="nights held when the full build runs")
    parser.add_argument("--more", type=int, default=3, help="nights that follow one by one")
    parser.add_argument("--sql", action="append", default=[], metavar="NAME=FOLDER", help="a dbt project; default: this one")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        loaded = Path(name) / "loaded.duckdb"
        history.create(loaded, given.accounts, given.nights)
        versions = []
        for which in given.sql or [f"here={SQL}"]:
            label, folder = which.split("=", 1)
            version = Version(label, Path(folder).resolve(), Path(name) / label)
            version.folder.mkdir()
            shutil.copy(loaded, version.warehouse)
            versions.append(version)
        loaded.unlink()
        for version in versions:
            version.dbt("parse")  # a sync's dbt finds the project parsed, too
            version.full = version.dbt("build")
            _print("full build", version.name, version.full, versions[0].full)
        for night in range(given.nights, given.nights + given.more):
            for version in versions:
                history.add_nights(version.warehouse, given.accounts, night)
                version.nights.append(version.dbt("build"))
        for version in versions:
            _print("one more night", version.name, _median(version), _median(versions[0]))
    return 0


def _median(version: Version) -> tuple[float, float]:
    return statistics.median(seconds for seconds, _ in version.nights), max(memory for _, memory in version.nights)


def _print(what: str, name: str, cost: tuple[float, float], first: tuple[float, float]) -> None:
    (seconds, memory), ratio = cost, cost[0] / first[0]
    print(f"{what:15} {name:12} {seconds:7.1f} s  {memory:5.2f} GB   {ratio:.2f} of the first", flush=True)


if __name__ == "__main__":
    sys.exit(main())
