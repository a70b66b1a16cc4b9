"""What one more night costs from end to end: `bluum sync` of one or more checkouts of this project, in turns.

    python bench/night.py --checkout before=/path/to/a/checkout --checkout after=. --accounts 500 --nights 250

Each checkout has its own environment (`make setup` there), its own sandbox (served by `server.py` from memory, without a
limit) and a warehouse of its own: a first night by the program itself, and under it the same drawn history (`history.py`)
of the accounts that this night has found. The sync after it takes all of that in; then one night each, in turns. Processor
seconds are those of the program and its dbt, without the server's; trust them where others share the machine.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import duckdb
import history

_HERE = Path(__file__).parent
FIRST_NIGHT = date(2022, 6, 13)
"""A Monday of the sandbox by which nearly all accounts are open."""
_ASK_ONCE = """
import sys
from pathlib import Path
from pipelines.night.sync import sync
from pipelines.settings import Settings
pair = {"api_key": "key", "BLUUM_API_SECRET": "secret", "BLUUM_BASE_URL": sys.argv[1]}
sync(Settings(_env_file=None, **pair, data_dir=Path(sys.argv[2]), rate_limit=0), "warm")
"""
# The a-th account of the drawn history becomes the a-th that the first night has found, its portfolio that one's first.
_NAMES = """
create temporary table names as
with drawn as (
    select account_id, min(portfolio_id) as portfolio_id, row_number() over (order by account_id) as number
    from drawn.raw.account_portfolios group by account_id
),
found as (
    select account_id, min(portfolio_id) as portfolio_id, row_number() over (order by account_id) as number
    from raw.accounts left join raw.account_portfolios using (account_id) group by account_id
)
select drawn.account_id as drawn_account, drawn.portfolio_id as drawn_portfolio, found.account_id as found_account,
    coalesce(found.portfolio_id, drawn.portfolio_id) as found_portfolio
from drawn join found using (number)
"""
# What a drawn row is about, by the sandbox's names.
_NAMED = {
    "account_id": "found_account as account_id",
    "portfolio_id": "case when portfolio_id is not null then found_portfolio end as portfolio_id",
}


@dataclass
class Checkout:
    """One revision with its environment, its data folder, and what its syncs cost: seconds, processor's, of the models."""

    name: str
    root: Path
    folder: Path
    costs: list[tuple[float, float, float]] = field(default_factory=list)

    @property
    def warehouse(self) -> Path:
        """The file it syncs into."""
        return self.folder / "warehouse.duckdb"

    def sync(self, night: date, accounts: int) -> None:
        """One night of its sandbox, whose answers are ready. Raises RuntimeError with its output unless it is complete."""
        with self._served(night, accounts) as url:
            settings = {"BLUUM_API_KEY": "key", "BLUUM_API_SECRET": "secret", "BLUUM_BASE_URL": url}
            settings |= {"BLUUM_DATA_DIR": str(self.folder), "BLUUM_RATE_LIMIT": "0", "BLUUM_KEEP_REPORTS": "0"}
            settings["BLUUM_PNL_FILL_REQUESTS"] = "0"  # the sandbox would correct all that was drawn, 500 reports a night
            with (self.folder / "output.txt").open("w") as output:
                began = time.monotonic()
                process = subprocess.Popen(
                    [self.root / ".venv" / "bin" / "bluum", "sync"],
                    stdout=output,
                    stderr=output,
                    env={"PATH": os.environ["PATH"], "HOME": str(self.folder), **settings},
                    cwd=self.folder,
                )
                _, status, usage = os.wait4(process.pid, 0)
                seconds = time.monotonic() - began
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said = (self.folder / "output.txt").read_text()
            raise RuntimeError(f"{self.name}: bluum sync ended with {process.returncode}\n{said}")
        models = re.findall(r"Finished running .*\((\d+\.\d+)s\)", (self.folder / "dbt" / "dbt.log").read_text())[-1]
        self.costs.append((seconds, usage.ru_utime + usage.ru_stime, float(models)))

    def hold(self, drawn: Path) -> None:
        """Put the drawn history under the first night, as far as this revision has tables for it."""
        with duckdb.connect(str(self.warehouse)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute(f"attach '{drawn}' as drawn (read_only)")
            connection.execute(_NAMES)
            here, there = (_columns(connection, database) for database in ("warehouse", "drawn"))
            asked = "true" if "holdings" in here else "endpoint not in ('holdings', 'summary', 'performance')"
            for table, columns in there.items():
                if table not in here:
                    continue
                kept = ", ".join(_NAMED.get(column, column) for column in sorted(columns & here[table]))
                of_whom = "left join names on account_id = drawn_account" if "account_id" in columns else ""
                known = "(account_id is null or found_account is not null)" if of_whom else "true"
                connection.execute(
                    f"insert into raw.{table} by name select {kept} from drawn.raw.{table} {of_whom}"
                    f" where {known} and {asked if 'endpoint' in columns else 'true'}"
                )

    @contextmanager
    def _served(self, night: date, accounts: int) -> Iterator[str]:
        """Its sandbox on that night, every answer of which has been asked for once."""
        python, environment = self.root / ".venv" / "bin" / "python", os.environ | {"PYTHONPATH": str(self.root)}
        command = [python, _HERE / "server.py", "--accounts", str(accounts), "--night", str(night)]
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        assert server.stdin
        assert server.stdout
        try:
            url = server.stdout.readline().strip()
            with tempfile.TemporaryDirectory() as aside:
                subprocess.run([python, "-c", _ASK_ONCE, url, aside], check=True, env=environment)
            yield url
        finally:
            server.stdin.close()
            server.wait()


def _columns(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, set[str]]:
    """The raw tables of a database and their columns."""
    query = "select table_name, column_name from duckdb_columns() where database_name = $1 and schema_name = 'raw'"
    found: dict[str, set[str]] = {}
    for table, column in connection.execute(query, [database]).fetchall():
        found.setdefault(table, set()).add(column)
    return found


def main() -> int:
    """Run it; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkout", action="append", default=[], metavar="NAME=FOLDER", help="default: this one")
    parser.add_argument("--accounts", type=int, default=500)
    parser.add_argument("--nights", type=int, default=250, help="nights held when the first of the turns begins")
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        drawn = Path(name) / "drawn.duckdb"
        held = max(given.nights - 2, 1)
        history.create(drawn, given.accounts, held, FIRST_NIGHT - timedelta(weeks=-(-held // 5)))
        checkouts = []
        for which in given.checkout or [f"here={_HERE.parent}"]:
            label, root = which.split("=", 1)
            checkout = Checkout(label, Path(root).resolve(), Path(name) / label)
            checkout.folder.mkdir()
            checkout.sync(_weekday(0), given.accounts)
            checkout.hold(drawn)
            checkout.sync(_weekday(1), given.accounts)
            seconds, processor, models = checkout.costs.pop()
            checkout.costs.clear()
            print(
                f"{label:10} {held} nights at once {seconds:6.1f} s, processor {processor:6.1f} s, models {models:6.1f} s",
                flush=True,
            )
            checkouts.append(checkout)
        for turn in range(given.turns):
            for checkout in checkouts:
                checkout.sync(_weekday(2 + turn), given.accounts)
        first = _medians(checkouts[0])
        for checkout in checkouts:
            cost = _medians(checkout)
            ratios = ", ".join(f"{ours / theirs:.2f}" for ours, theirs in zip(cost, first, strict=True))
            print(
                f"{checkout.name:10} one more night {cost[0]:6.1f} s, processor {cost[1]:6.1f} s, models {cost[2]:6.1f} s"
                f"   of the first: {ratios}"
            )
    return 0


def _weekday(number: int) -> date:
    return FIRST_NIGHT + timedelta(days=number // 5 * 7 + number % 5)


def _medians(checkout: Checkout) -> tuple[float, ...]:
    return tuple(statistics.median(costs) for costs in zip(*checkout.costs, strict=True))


if __name__ == "__main__":
    sys.exit(main())
