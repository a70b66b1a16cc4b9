"""A lake's upkeep, a part of each night: small files are merged, and what no reader can see any more is deleted.

    all snapshots --but the published one, and the one before it--> forgotten --a day later--> their files deleted

A reader that began before the last publication finishes: files go a day after the catalog has let go of them. So do the
files of loads that never were.
"""

import logging
import re
from collections.abc import Collection

import duckdb

from pipelines.destination import catalog

_log = logging.getLogger(__name__)
_PINNED = re.compile(r"at \(version => (\d+)\)", re.IGNORECASE)
A_DAY_AGO = "older_than => now() - interval 1 day"


def published_snapshots(connection: duckdb.DuckDBPyConnection, alias: str) -> set[int]:
    """The snapshots that the published views are of: one, or none."""
    return {int(number) for query in catalog.views(connection, alias).values() for number in _PINNED.findall(query)}


def keep_up(connection: duckdb.DuckDBPyConnection, alias: str, kept: Collection[int]) -> None:
    """Tidy the lake of this alias; these snapshots are kept, and what is newer. What fails is told, and costs no night."""
    try:
        _expire(connection, alias, kept)
        connection.execute(f"call ducklake_merge_adjacent_files('{alias}')")
        connection.execute(f"call ducklake_cleanup_old_files('{alias}', {A_DAY_AGO})")
        connection.execute(f"call ducklake_delete_orphaned_files('{alias}', {A_DAY_AGO})")
    except duckdb.Error as error:
        _log.warning("the lake could not be tidied, the next night tries again: %s", str(error).strip().partition("\n")[0])


def rewrite(connection: duckdb.DuckDBPyConnection, alias: str) -> None:
    """Write the files anew that hold deleted rows; those that they replace stay until the snapshots that need them go."""
    connection.execute(f"call ducklake_rewrite_data_files('{alias}', delete_threshold => 0)")


def let_go(connection: duckdb.DuckDBPyConnection, alias: str) -> None:
    """Let go at once of all snapshots but the newest and the published one, of their files, and of what is known of them."""
    _expire(connection, alias, {*published_snapshots(connection, alias), newest_snapshot(connection, alias)})
    connection.execute(f"call ducklake_cleanup_old_files('{alias}', cleanup_all => true)")
    connection.execute(f"call ducklake_delete_orphaned_files('{alias}', cleanup_all => true)")


def newest_snapshot(connection: duckdb.DuckDBPyConnection, alias: str) -> int:
    """The snapshot that the lake is at."""
    return int(connection.execute(f"select max(snapshot_id) from ducklake_snapshots('{alias}')").fetchall()[0][0])


def _expire(connection: duckdb.DuckDBPyConnection, alias: str, kept: Collection[int]) -> None:
    found = connection.execute(f"select snapshot_id from ducklake_snapshots('{alias}')").fetchall()
    if old := sorted({number for (number,) in found if number < max(kept)} - {*kept}):
        connection.execute(f"call ducklake_expire_snapshots('{alias}', versions => {old})")
