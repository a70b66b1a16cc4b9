"""Two data folders held against each other: every raw row and every published mart."""

from collections import Counter
from pathlib import Path
from typing import Any

from helpers.house import doubled, rows, truth

NUMBERED = "response_id"  # counts the answers of the night: a request repeated after a kill takes a number
# What else may differ between two undisturbed runs of one night, and so proves nothing.
UNEQUAL = {
    "marts.sync_coverage_daily": {
        "requests",
        "retries",
        "rate_limited",
        "started_at",
        "finished_at",
    },  # what the starts cost
    "marts.policy_versions": {"first_seen_at"},  # instants of receipt
    "audit.policy_versions_known": {"known_from", "known_to", "first_seen_at"},
    "audit.policy_targets_known": {"known_from", "known_to"},
    "marts.allocation_drift_daily": {"known_from"},
    "audit.pnl_reports_known": {"known_from", "known_to", "received_at"},
    "marts.restatements": {"known_at"},
    "audit.responses": {"answer_id", "attempts", "requested_at", "received_at", "run_id"},
}
_LEFT_OUT = {"marts.manifest"}  # run id and time of publishing; that it agrees with its tables is test_readers.py's


def differences(left: Path, right: Path) -> list[str]:
    """What two data folders disagree on, but for what says when and by which request it was asked."""
    found = [f"{table}: {count} rows doubled" for table, count in doubled(left / "warehouse.duckdb")]
    raw_left, raw_right = truth(left / "warehouse.duckdb"), truth(right / "warehouse.duckdb")
    found += [f"raw.{table} differs" for table in raw_right if raw_left[table] != raw_right[table]]
    marts = [name for (name,) in _tables(right)]
    if marts != [name for (name,) in _tables(left)]:
        return [*found, "other marts"]
    for name in marts:
        if name not in _LEFT_OUT:
            ours, theirs = _mart(left, name), _mart(right, name)
            if ours != theirs:
                found.append(f"{name} differs: {list((ours - theirs).items())[:2]} {list((theirs - ours).items())[:2]}")
    return found


def _tables(folder: Path) -> list[tuple[Any, ...]]:
    return rows(folder / "bi.duckdb", "select schema_name || '.' || table_name from duckdb_tables() order by all")


def _mart(folder: Path, name: str) -> Counter[tuple[Any, ...]]:
    query = "select column_name from duckdb_columns() where schema_name || '.' || table_name = ?"
    columns = rows(folder / "bi.duckdb", query, name)
    left_out = UNEQUAL.get(name, set())
    kept = ", ".join(f'"{column}"' for (column,) in columns if column not in left_out and not column.endswith(NUMBERED))
    return Counter(rows(folder / "bi.duckdb", f"select {kept} from {name}"))
