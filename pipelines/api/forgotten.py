"""The accounts that were forgotten, by digest, and a roster without them: nothing of them is read, kept or asked.

    roster body --without--> the same body, a forgotten account's place in it held by {"object": "forgotten", "id": digest}

The place is held so that the pages of a list still follow each other when they are read again. Which accounts were
forgotten, and what becomes of what was kept of them, is `destination/forgetting.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeGuard

from pipelines.api.wire import Texts
from pipelines.schema.rows import as_json
from pipelines.schema.values import Json

_MARK = "forgotten"


def is_forgotten(item: Json) -> bool:
    """Whether an item of a roster only holds the place of an account that was forgotten."""
    return isinstance(item, dict) and item.get("object") == _MARK


@dataclass(frozen=True)
class Forgotten:
    """Digests of account ids. They are salted, so that nobody finds them in a list of digests made for other warehouses."""

    salt: str = ""
    digests: frozenset[str] = frozenset()

    def digest(self, account_id: str) -> str:
        """What is kept in the place of an account's id."""
        return sha256(f"{self.salt}:{account_id}".encode()).hexdigest()

    def without(self, body: Json) -> Json:
        """A roster's body without these accounts: itself, if it has none of them."""
        if isinstance(body, list | Texts):
            return self.without_items(body)
        if isinstance(body, dict) and isinstance(data := body.get("data"), list):
            kept = self.without_items(data)
            return body if kept is data else {**body, "data": kept}
        return body

    def without_items(self, items: Sequence[Json]) -> Sequence[Json]:
        """The items of a roster, those of these accounts but their places: themselves, if none is of these."""
        if not any(self._is_one(item) for item in items):
            return items
        held = (self._place_of(item) for item in items)
        return Texts(map(as_json, held)) if isinstance(items, Texts) else list(held)

    def _is_one(self, item: Json) -> TypeGuard[dict[str, Any]]:
        return isinstance(item, dict) and "id" in item and self.digest(str(item["id"])) in self.digests

    def _place_of(self, item: Json) -> Json:
        return {"object": _MARK, "id": self.digest(str(item["id"]))} if self._is_one(item) else item


NOBODY = Forgotten()
