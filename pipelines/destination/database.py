"""What every question to the warehouse has in common: opening it for a moment, and what there is before the first load.

What is asked is `questions.py`, what is written `warehouse.py`, where the tables are `store.py`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from pipelines.destination.file_store import FileStore
from pipelines.destination.store import Store, tables_in
from pipelines.errors import WarehouseUnusable
from pipelines.lake import closing

GOOD = "('ok', 'absent', 'disabled')"
"""The outcomes of a question that nobody has to ask again, as SQL; see `Outcome.is_good`."""


class Database:
    """A store that is asked. A path is that of a DuckDB file."""

    def __init__(self, store: Store | Path, dataset: str = "raw") -> None:
        self.store = FileStore(store) if isinstance(store, Path) else store
        self.dataset = dataset  # the schema that dlt fills
        self._connection: duckdb.DuckDBPyConnection | None = None

    @contextmanager
    def at_hand(self) -> Iterator[None]:
        """Answer all questions of this block over one connection, if there is anything to ask. No load goes on meanwhile."""
        if not self.store.exists():
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
        with closing(self.store.open()) as connection:
            connection.execute("set TimeZone = 'UTC'")
            self._connection = connection
            try:
                yield connection
            except duckdb.Error as error:
                if type(error) is not duckdb.Error and not isinstance(error, duckdb.OperationalError):
                    raise  # a mistake in what was asked; else what answers is not there, a disk or a catalog
                reason = str(error).strip().partition("\n")[0]
                raise WarehouseUnusable(f"{self.store} does not answer, and was left as it is: {reason}") from error
            finally:
                self._connection = None

    def tables(self) -> set[str]:
        """Names of the raw tables there are; none before the first load."""
        if not self.store.exists():
            return set()
        with self.connect() as connection:
            return tables_in(connection, self.dataset)

    def _all(self, query: str, *values: object) -> list[Any]:
        if not self.store.exists():
            return []
        with self.connect() as connection:
            if "_dlt_loads" not in tables_in(connection, self.dataset):
                return []
            if not connection.execute(f"select 1 from {self.dataset}._dlt_loads limit 1").fetchall():
                return []  # before the first load has committed there is nothing to know, and a table may be missing
            rows: list[Any] = connection.execute(query, values).fetchall()
        return rows

    def _one(self, query: str, *values: object) -> Any:
        rows = self._all(query, *values)
        return rows[0][0] if rows else None
