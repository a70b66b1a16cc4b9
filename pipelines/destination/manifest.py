"""marts.manifest: one row per published table, so that a reader can check that what it sees is what was published.

The one published table that no model makes. What is published, and how, is `publish.py`'s.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version

import duckdb

COLUMNS = {
    "run_id": ("varchar not null", "The run that published the file."),
    "as_of_date": ("date", "The newest night in the file; null before the first."),
    "published_at": ("timestamptz not null", "When it was published (UTC)."),
    "program_version": ("varchar not null", "Version of the program that published it."),
    "schema_name": ("varchar not null", "Schema of the table: marts or audit."),
    "table_name": ("varchar not null", "The table."),
    "row_count": ("bigint not null", "Its rows when it was published."),
}
"""Type and description of each."""


def write_manifest(connection: duckdb.DuckDBPyConnection, run_id: str, rows: Mapping[str, int]) -> None:
    """Write it anew into the file attached as `bi`: the rows of each table, by schema.table."""
    columns = ", ".join(f"{name} {kind}" for name, (kind, _) in COLUMNS.items())
    connection.execute(f"create or replace table bi.marts.manifest ({columns})")
    newest = "select max(as_of_date) from bi.marts.sync_coverage_daily where endpoint = 'accounts'"  # a backfill is no night
    night = connection.execute(newest).fetchall()[0][0]
    now, program = datetime.now(UTC), version("bluum-warehouse")
    values = [(run_id, night, now, program, *table.split(".", 1), count) for table, count in rows.items()]
    if values:
        connection.executemany("insert into bi.marts.manifest values (?, ?, ?, ?, ?, ?, ?)", values)
    connection.execute("comment on table bi.marts.manifest is 'What was published, by which run: one row per table.'")
    for name, (_, description) in COLUMNS.items():
        connection.execute(f"comment on column bi.marts.manifest.{name} is '{description}'")
