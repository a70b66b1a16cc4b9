"""How much memory DuckDB may take, and where it puts what does not fit; by itself it takes 80 % of the machine's.

    BLUUM_MEMORY_LIMIT --> every connection that reads or writes much, and dbt's process (sql/macros/memory.sql)

It is DuckDB's own limit, of one process: what Python holds comes on top.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Memory:
    """A limit such as 2GB, and a folder that has room; without them, what DuckDB does by itself."""

    limit: str | None = None
    folder: Path | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        """What dbt's process is told; it works in the data folder, and spills there."""
        return {} if self.limit is None else {"BLUUM_MEMORY_LIMIT": self.limit}

    def bound(self, connection: "duckdb.DuckDBPyConnection") -> None:
        """Hold a connection, and all others to the same database, to the limit."""
        if self.limit is None:
            return
        # What is inserted in an order that was asked for keeps it; only such a copy of a table as nobody ordered may not.
        connection.execute(f"set memory_limit = '{self.limit}'")
        if self.folder is not None and self.folder.exists():
            spilled = str(self.folder / "spilled").replace("'", "''")
            connection.execute(f"set temp_directory = '{spilled}'")
