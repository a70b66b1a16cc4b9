"""How much memory DuckDB may take, and where it puts what does not fit; by itself it takes 80 % of the machine's.

    BLUUM_MEMORY_LIMIT --> every connection that reads or writes much, and dbt's process (sql/macros/memory.sql)

It is DuckDB's own limit, of one process: what Python holds comes on top.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.literal import literal

if TYPE_CHECKING:
    import duckdb

_ANYWHERE = ".tmp"
"""Where a connection without a file puts it by itself: below the folder that the process happens to work in."""


@dataclass(frozen=True)
class Memory:
    """A limit such as 2GB, and the data folder, for what does not fit."""

    limit: str | None = None
    folder: Path | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        """What dbt's process is told; it works in the data folder, and what does not fit goes there, too."""
        return {} if self.limit is None else {"BLUUM_MEMORY_LIMIT": self.limit}

    def bound(self, connection: "duckdb.DuckDBPyConnection") -> None:
        """Hold a connection, and all others of its database, to the limit; what does not fit goes into the folder."""
        if self.limit is not None:
            connection.execute(f"set memory_limit = {literal(self.limit)}")
        ((folder,),) = connection.execute("select current_setting('temp_directory')").fetchall()
        if self.folder is not None and folder == _ANYWHERE:  # that of a file is beside it
            connection.execute(f"set temp_directory = {literal(self.folder / _ANYWHERE)}")


UNBOUND = Memory()
"""What DuckDB does by itself."""
