"""Where a warehouse's tables are, as the warehouse sees it: something to open, and to load a batch into.

A DuckDB file is `file_store.py`, a lake `lake_store.py`. What is asked of the tables is none of theirs.
"""

from collections.abc import Mapping
from typing import Protocol

import duckdb

from pipelines.api.parse import Batch
from pipelines.schema.table import Table


class Store(Protocol):
    """A file, or a lake. Its name in a message is its text."""

    loads_are_whole: bool
    """Whether a load is in all of its tables or in none, whatever happens to it; else what does not count is swept."""
    building: Mapping[str, str]
    """The schema in which each published one is built."""

    def exists(self) -> bool:
        """Whether there is anything to open. Raises WarehouseUnusable."""

    def open(self) -> duckdb.DuckDBPyConnection:
        """A connection for a moment, whose tables are the store's. Raises WarehouseUnusable."""

    def attach(self, connection: duckdb.DuckDBPyConnection, alias: str, dataset: str, *, read_only: bool = False) -> None:
        """Attach its tables to a connection of `pipelines.lake.connect`. Raises duckdb.Error."""

    def mend(self, dataset: str) -> None:
        """Make whole what a writer has torn that ended in the middle of a write. Before anything else, under the lock."""

    def drop_working_files(self) -> None:
        """Delete what an unfinished load has left outside of the tables. Raises WarehouseUnusable."""

    def bring_up_to_date(self, dataset: str) -> None:
        """Store what an older program has stored as this one does. Under the lock."""

    def write_anew(self, dataset: str) -> bool:
        """Store all of it anew, without what was deleted. Under the lock. Returns whether it could be."""

    def let_go(self) -> bool:
        """Let go of what readers saw before the last publication. Under the lock. Returns whether it could be."""

    def load(self, batch: Batch, dataset: str, tables: Mapping[str, Table]) -> None:
        """Load one batch as one package; what tables and columns are lacking is made.

        It uses the batch up, whatever comes of it: rows are let go of while they are written, which spares memory. What is
        worth a second attempt is tried again in here. Raises WarehouseUnusable, and ValueError for a batch already used.
        """


def tables_in(connection: duckdb.DuckDBPyConnection, schema: str) -> set[str]:
    """The names of the tables of a schema."""
    query = "select table_name from duckdb_tables() where database_name = current_database() and schema_name = ?"
    return {name for (name,) in connection.execute(query, [schema]).fetchall()}
