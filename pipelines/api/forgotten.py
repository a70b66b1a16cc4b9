"""The accounts that were forgotten, by digest, and a roster without them: nothing of them is read, kept or asked.

    roster body --without--> the same body, a forgotten account's place in it held by {"object": "forgotten", "id": digest}

The place is held so that the pages of a list still follow each other when they are read again. Which accounts were
forgotten, and what becomes of what was kept of them, is `destination/forgetting.py`.
"""

from dataclasses import dataclass
from hashlib import sha256

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
        """A roster's body without these accounts."""
        if isinstance(body, list):
            return self.without_items(body)
        if isinstance(body, dict) and isinstance(data := body.get("data"), list):
            return {**body, "data": self.without_items(data)}
        return body

    def without_items(self, items: list[Json]) -> list[Json]:
        """The items of a roster, those of these accounts but their places."""
        return [self._place_of(item) for item in items]

    def _place_of(self, item: Json) -> Json:
        if not isinstance(item, dict) or "id" not in item or (digest := self.digest(str(item["id"]))) not in self.digests:
            return item
        return {"object": _MARK, "id": digest}


NOBODY = Forgotten()
