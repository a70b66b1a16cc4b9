"""The DuckDB file of the pipeline: opening it for a moment, and saying clearly when that cannot be done.

What is asked of it is `questions.py`, what is written `warehouse.py`.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from pipelines.errors import WarehouseUnusable

GOOD = "('ok', 'absent', 'disabled')"
"""The outcomes of a question that nobody has to ask again, as SQL; see `Outcome.is_good`."""


class Database:
    """A DuckDB file. One process at a time may hold it: see `lock.py`."""

    def __init__(self, path: Path, dataset: str = "raw", patience: float = 60) -> None:
        self.path = path
        self.dataset = dataset  # the schema that dlt fills
        self.patience = patience  # seconds to wait for another process to let go of the file
        self._connection: duckdb.DuckDBPyConnection | None = None

    @contextmanager
    def at_hand(self) -> Iterator[None]:
        """Answer all questions of this block over one connection, if there is a file to ask. No load goes on meanwhile."""
        if not self.path.exists():
            yield
            return
        with self.connect():
            yield

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for a moment, or the one at hand; nobody keeps one for long, since dlt and dbt open the same file."""
        if self._connection:
            yield self._connection
            return
        with closing(self._open()) as connection:
            connection.execute("set TimeZone = 'UTC'")
            self._connection = connection
            try:
                yield connection
            finally:
                self._connection = None

    def _open(self) -> duckdb.DuckDBPyConnection:
        # A sync that was killed may leave its dbt running for a moment, and dbt then holds the file.
        retrying = Retrying(
            retry=retry_if_exception(lambda error: "Could not set lock" in str(error)),
            stop=stop_after_delay(self.patience),
            wait=wait_fixed(0.25),
            reraise=True,
        )
        try:
            return retrying(duckdb.connect, str(self.path))
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise WarehouseUnusable(f"{self.path} cannot be opened, and was left as it is: {reason}") from error

    def tables(self) -> set[str]:
        """Names of the raw tables there are; none before the first load."""
        if not self.path.exists():
            return set()
        with self.connect() as connection:
            return _tables_in(connection, self.dataset)

    def _all(self, query: str, *values: object) -> list[Any]:
        if not self.path.exists():
            return []
        with self.connect() as connection:
            if "_dlt_loads" not in _tables_in(connection, self.dataset):
                return []
            if not connection.execute(f"select 1 from {self.dataset}._dlt_loads limit 1").fetchall():
                return []  # before the first load has committed there is nothing to know, and a table may be missing
            rows: list[Any] = connection.execute(query, values).fetchall()
        return rows

    def _one(self, query: str, *values: object) -> Any:
        rows = self._all(query, *values)
        return rows[0][0] if rows else None


def _tables_in(connection: duckdb.DuckDBPyConnection, dataset: str) -> set[str]:
    names = connection.execute("select table_name from duckdb_tables() where schema_name = ?", [dataset]).fetchall()
    return {name for (name,) in names}
