"""Reader processes for the tests of readers and bench/readers.py, and marts that change size from night to night.

make_marts -> publish -> Readers: each connects, compares every table with the manifest, says what it saw, connects again
"""

import os
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb

from helpers.lakes import Place
from pipelines.lake import Lake, extensions
from pipelines.settings import Settings

# Speaks any DuckDB from 1.0 on; a line per look: "ok <run id>" or "bad <what>". Ends when its input does.
READER = """
import select, sys
import duckdb
place, keep_open = sys.argv[1], sys.argv[2] == "keep"
if not duckdb.__file__.startswith(sys.argv[3]):
    print("bad duckdb: not the one of", sys.argv[3], flush=True)

def connect():
    if not place.startswith("attach "):
        return duckdb.connect(place, read_only=True)
    connection = duckdb.connect(config={"extension_directory": sys.argv[4]})
    connection.execute(place)
    return connection

def look(connection):
    connection.execute("begin")
    said = compare(connection)
    connection.execute("commit")
    return said

def compare(connection):
    runs = connection.execute("select distinct run_id from marts.manifest").fetchall()
    if len(runs) != 1:
        return f"bad runs {runs}"
    manifest = connection.execute("select schema_name, table_name, row_count from marts.manifest").fetchall()
    for schema, table, promised in manifest:
        found, nights = connection.execute(f'select count(*), count(distinct night) from {schema}."{table}"').fetchall()[0]
        if found != promised or nights > 1:
            return f"bad {table}: {found} rows of {nights} nights, the manifest says {promised}"
    return "ok " + runs[0][0]

kept = connect() if keep_open else None
while not select.select([sys.stdin], [], [], 0)[0]:
    try:
        if kept:
            said = look(kept)
        else:
            with connect() as connection:
                said = look(connection)
    except Exception as error:
        said = f"bad {type(error).__name__}: {error}".splitlines()[0]
    print(said, flush=True)
"""


class Readers:
    """Processes that read one file, or one lake, in a loop until the block ends."""

    def __init__(
        self, place: Place, count: int, *, folder: str | None = None, python: str = sys.executable, keep_open: bool = False
    ) -> None:
        self.complaints: list[str] = []
        self.nights_seen: set[str] = set()
        self.looks = [0] * count
        self._changed = threading.Condition()
        opening = place.attaching if isinstance(place, Lake) else str(place)
        self._command = [python, "-c", READER, opening, "keep" if keep_open else "anew", folder or "", extensions() or ""]
        self._environment = {**os.environ, **({"PYTHONPATH": folder} if folder else {})}

    def __enter__(self) -> Self:
        self._processes = [
            subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for _ in self.looks
        ]
        self._threads = [
            threading.Thread(target=self._listen, args=(number, process)) for number, process in enumerate(self._processes)
        ]
        for thread in self._threads:
            thread.start()
        self.wait_for_another_look()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for process in self._processes:
            assert process.stdin
            process.stdin.close()
        for thread in self._threads:
            thread.join()
        for process in self._processes:
            if process.wait() != 0:
                self.complaints.append(f"a reader ended with {process.returncode}")

    def wait_for_another_look(self, patience: float = 60) -> None:
        """Return when every reader has looked twice more: once wholly after now."""
        with self._changed:
            wanted = [looks + 2 for looks in self.looks]
            came = self._changed.wait_for(
                lambda: self.complaints or all(now >= then for now, then in zip(self.looks, wanted, strict=True)), patience
            )
        assert came, "a reader stands still"

    def _listen(self, number: int, process: "subprocess.Popen[str]") -> None:
        assert process.stdout
        for line in process.stdout:
            with self._changed:
                self.looks[number] += 1
                if line.startswith("ok "):
                    self.nights_seen.add(line[3:].strip())
                else:
                    self.complaints.append(line.strip())
                self._changed.notify_all()


def settings_for(data: Path) -> Settings:
    return Settings(_env_file=None, api_key="unused", BLUUM_API_SECRET="unused", data_dir=data)  # type: ignore[call-arg]


def make_marts(place: Place, night: int, rows: int = 20_000) -> None:
    """Marts in a data folder or a lake, another number of rows every night, every row saying which night it is of."""
    schema = "marts_next" if isinstance(place, Lake) else "marts"
    with place.connect() if isinstance(place, Lake) else duckdb.connect(str(place / "warehouse.duckdb")) as connection:
        connection.execute(f"create schema if not exists {schema}")
        for name, share in (("positions_daily", 1), ("pnl_daily", 2), ("sync_coverage_daily", 5)):
            connection.execute(
                f"""
                create or replace table {schema}.{name} as
                select {night} as night, date '2022-01-01' + {night} as as_of_date, i as account_id, 'accounts' as endpoint,
                    cast(i as decimal(38, 18)) / 7 as quantity, md5(cast(i as varchar)) as symbol
                from range({rows // share} + {night}) as r(i)
                """
            )
