"""The cuts by which a reading function of `endpoints.py` takes an answer apart: a member, each member of a list or map.

What cannot be cut so is quarantined by name, or makes the answer unreadable. Which answer has what is not known here.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipelines.schema.rows import Quarantined, Record
from pipelines.schema.table import Table
from pipelines.schema.values import TEXT, Json, Kind, Unreadable


def readable(kind: Kind, item: Json, name: str) -> Any:
    """A member read for a follow-up question; None where it cannot be read (its own row says so in quarantine)."""
    try:
        value = item.get(name) if isinstance(item, dict) else None
        return None if value in (None, "") else kind.read(value)
    except Unreadable:
        return None


def member(body: Json, *names: str) -> Json:
    """What stands at this path of the answer; None where nothing does."""
    for name in names:
        body = body.get(name) if isinstance(body, dict) else None
    return body


def each(
    table: Table, body: Json, names: str, given: Mapping[str, Any], key: str, *, required: bool = False
) -> Iterator[Record | Quarantined]:
    """A record for each member of a list or map of the answer; `key` gets the member's number or its name.

    Where the table reads nothing but the path `value`, a member is that value. What is neither list nor map is quarantined;
    so is, where one is `required`, its absence: that nothing is told is not that there is none.
    """
    is_map = any(column.name == key and column.kind is TEXT for column in table.columns)
    is_bare = [column.path for column in table.columns if column.path] == ["value"]
    *around, last = names.split(".")
    holder = member(body, *around)
    members = member(holder, last)
    if isinstance(members, dict) and is_map:
        numbered: Iterable[tuple[object, Json]] = members.items()
    elif isinstance(members, list) and not is_map:
        numbered = enumerate(members, start=1)
    else:
        what = "an object" if is_map else "a list"
        if members is not None:
            yield Quarantined(table, names, members, f"expected {what}", members)
        elif around and holder is not None and not isinstance(holder, dict):
            yield Quarantined(table, ".".join(around), holder, "expected an object", holder)
        elif required:
            yield Quarantined(table, names, None, f"missing, where {what} is always told", body)
        return
    for name, value in numbered:
        yield Record(table, {"value": value} if is_bare else value, {**given, key: name})


def whole(body: Json) -> dict[str, Any]:
    """The answer itself, which must be an object. Raises Unreadable."""
    if not isinstance(body, dict):
        raise Unreadable("expected an object")
    return body
