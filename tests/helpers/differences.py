"""Two data folders, or lakes, held against each other: every raw row and every published mart."""

from collections import Counter
from typing import Any

from helpers.house import doubled, truth
from helpers.lakes import Place, rows
from pipelines.lake import Lake

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


def differences(left: Place, right: Place) -> list[str]:
    """What two data folders disagree on, but for what says when and by which request it was asked."""
    found = [f"{table}: {count} rows doubled" for table, count in doubled(_raw(left))]
    raw_left, raw_right = truth(_raw(left)), truth(_raw(right))
    found += [f"raw.{table} differs" for table in raw_right if raw_left[table] != raw_right[table]]
    marts = _marts(right)
    if marts != _marts(left):
        return [*found, "other marts"]
    for name in marts:
        if name not in _LEFT_OUT:
            ours, theirs = _mart(left, name), _mart(right, name)
            if ours != theirs:
                found.append(f"{name} differs: {list((ours - theirs).items())[:2]} {list((theirs - ours).items())[:2]}")
    return found


def _raw(place: Place) -> Place:
    return place if isinstance(place, Lake) else place / "warehouse.duckdb"


def _bi(place: Place) -> Place:
    return place if isinstance(place, Lake) else place / "bi.duckdb"


def _marts(place: Place) -> list[str]:
    """All that is published: what is a table in a file is a view in a lake."""
    query = (
        "select table_schema || '.' || table_name from information_schema.tables"
        " where table_catalog = current_database() and table_schema in ('marts', 'audit') order by all"
    )
    return [name for (name,) in rows(_bi(place), query)]


def _mart(place: Place, name: str) -> Counter[tuple[Any, ...]]:
    columns = [column for column, *_ in rows(_bi(place), f"describe {name}")]
    left_out = UNEQUAL.get(name, set())
    kept = ", ".join(f'"{column}"' for column in columns if column not in left_out and not column.endswith(NUMBERED))
    return Counter(rows(_bi(place), f"select {kept} from {name}"))
