"""What the models cost: many nights caught up with at once, built whole, and one more; for one or more versions of sql/.

    .venv/bin/python bench/models.py --accounts 500 --nights 250 --sql before=/path/to/a/checkout/sql --sql after=sql

Each version builds the same raw tables, in turn, as the nightly sync does it: with the data tests, without the
unit tests. Prints seconds and peak memory of dbt's process, and the ratio to the first version: trust the ratios, not the
seconds.
"""

import argparse
import os
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
    """One dbt project with a warehouse of its own, and what its builds cost: seconds and GB, by kind of build."""

    name: str
    sql: Path
    folder: Path
    costs: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    @property
    def warehouse(self) -> Path:
        """The file dbt builds in."""
        return self.folder / "warehouse.duckdb"

    def build(self, kind: str, *more: str) -> None:
        """Build and note the cost. Raises RuntimeError with dbt's output if it fails."""
        folders = {"project-dir": self.sql, "profiles-dir": self.sql, "target-path": "target", "log-path": "logs"}
        options = [f"--{name}={self.folder / folder}" for name, folder in folders.items()]
        arguments = [sys.executable, "-m", "dbt.cli.main", "build", "--exclude-resource-type", "unit_test", *more, *options]
        with (self.folder / "output.txt").open("w") as output:
            began = time.monotonic()
            environment = os.environ | {"BLUUM_WAREHOUSE": str(self.warehouse)}
            process = subprocess.Popen(arguments, stdout=output, stderr=output, env=environment)
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{self.name}: dbt build failed\n{(self.folder / 'output.txt').read_text()}")
        self.costs.setdefault(kind, []).append((time.monotonic() - began, usage.ru_maxrss / 1e6))
        history.note_built_loads(self.warehouse)


def main() -> int:
    """Run it; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=500)
    parser.add_argument("--nights", type=int, default=250, help="nights held when the full build runs")
    parser.add_argument("--more", type=int, default=3, help="nights that follow one by one")
    parser.add_argument("--sql", action="append", default=[], metavar="NAME=FOLDER", help="a dbt project; default: this one")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        versions = []
        for which in given.sql or [f"here={SQL}"]:
            label, folder = which.split("=", 1)
            version = Version(label, Path(folder).resolve(), Path(name) / label)
            version.folder.mkdir()
            history.create(version.warehouse, given.accounts, 1)
            version.build("first night")  # parses the project, too, as a sync's dbt finds it
            history.add_nights(version.warehouse, given.accounts, 1, given.nights - 1)
            version.build("catching up")
            version.build("full refresh", "--full-refresh")
            versions.append(version)
        for night in range(given.nights, given.nights + given.more):
            for version in versions:
                history.add_nights(version.warehouse, given.accounts, night)
                # This version's program makes no staging view anew (see assets/models.py); those before it do.
                version.build("one more night", *["--exclude", "bluum.staging"] * (version.sql == SQL))
        for kind in versions[0].costs:
            for version in versions:
                (seconds, memory), (first, _) = _cost(version, kind), _cost(versions[0], kind)
                print(f"{kind:15} {version.name:12} {seconds:7.1f} s  {memory:5.2f} GB   {seconds / first:.2f} of the first")
    return 0


def _cost(version: Version, kind: str) -> tuple[float, float]:
    """Median seconds and highest peak of the builds of a kind."""
    costs = version.costs[kind]
    return statistics.median(seconds for seconds, _ in costs), max(memory for _, memory in costs)


if __name__ == "__main__":
    sys.exit(main())
