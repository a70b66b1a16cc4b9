"""A lake's upkeep, a part of each night: small files are merged, and what no reader can see any more is deleted.

    all snapshots --but the published one, and the one before it--> forgotten --a day later--> their files deleted

A reader that began before the last publication finishes: files go a day after the catalog has let go of them. So do the
files of loads that never were.
"""

import logging
from collections.abc import Collection

import duckdb

_log = logging.getLogger(__name__)
A_DAY_AGO = "older_than => now() - interval 1 day"


def keep_up(connection: duckdb.DuckDBPyConnection, alias: str, kept: Collection[int]) -> None:
    """Tidy the lake of this alias; these snapshots are kept, and what is newer. What fails is told, and costs no night."""
    try:
        found = connection.execute(f"select snapshot_id from ducklake_snapshots('{alias}')").fetchall()
        if old := sorted({number for (number,) in found if number < max(kept)} - {*kept}):
            connection.execute(f"call ducklake_expire_snapshots('{alias}', versions => {old})")
        connection.execute(f"call ducklake_merge_adjacent_files('{alias}')")
        connection.execute(f"call ducklake_cleanup_old_files('{alias}', {A_DAY_AGO})")
        connection.execute(f"call ducklake_delete_orphaned_files('{alias}', {A_DAY_AGO})")
    except duckdb.Error as error:
        _log.warning("the lake could not be tidied, the next night tries again: %s", str(error).strip().partition("\n")[0])
