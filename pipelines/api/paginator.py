"""Reads a list page by page, and notices when the pages do not add up. Pure: no HTTP.

    params of the next page -> (asked elsewhere) -> add(body) -> the page's new items, whether more are to come

Bluum gives `has_more` and nothing else: no total, no cursor, no promised order. So each page but the first is asked from
the last item already held; if that item does not come back first, the list moved while it was being read, and an item may
have been skipped or repeated. Then the whole list has to be read again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.api.wire import items
from pipelines.schema.values import Json, Unreadable

MOST_PAGES = 1_000
"""A list of more pages than this has no end: at 200 items a page it would hold more accounts than any partner has."""


class ListMoved(Unreadable):
    """The pages do not follow each other; reading the list again may help. `read`: what had come until then, by identity."""

    def __init__(self, message: str, read: Sequence[Any]) -> None:
        super().__init__(message)
        self.read = read


@dataclass
class Paginator:
    """One reading of one list. `is_steady`: it read the same twice, so that an item that stands twice does so for good."""

    params: Mapping[str, str]
    is_steady: bool = False
    seen: list[Any] = field(default_factory=list)  # identities of the items so far, in order
    has_more: bool = True
    pages: int = 0
    _is_crowded_out: bool = False  # the last page had room for the held item alone: the next is asked without it

    def next_params(self) -> dict[str, str]:
        """Query of the next page: the offset goes by the items received, since the server may clamp the limit."""
        if not self.seen:
            return dict(self.params)
        return {**self.params, "offset": str(len(self.seen) - self._overlap)}

    @property
    def _overlap(self) -> int:
        return 0 if self._is_crowded_out or len(self.seen) < 2 else 1

    def add(self, body: Json) -> Sequence[Json]:
        """Take the next page; its items without the one held before. Raises Unreadable for a body that is no list."""
        page, more = items(body)
        self.pages += 1
        names = [_identity(item) for item in page]
        overlap = self._overlap
        if more is None and names == self.seen:
            self.has_more = False  # the whole list once more: it does not come in pages
            return []
        # A page as long as was asked for, which does not say that it is the last, may not be.
        self.has_more = str(len(page)) == self.params.get("limit") if more is None else more
        if overlap and names[:1] != self.seen[-1:]:
            came_back = page and all(name in self.seen for name in names)
            message = "a page came back that was read before" if came_back else "the list moved while it was read"
            raise ListMoved(message, [*self.seen, *names])
        if (
            self.seen
            and len(names) > overlap
            and all(name in self.seen for name in names)
            and not (overlap and self.is_steady)
        ):
            raise ListMoved("a page came back that was read before", [*self.seen, *names])
        self.seen.extend(names[overlap:])
        # A page with nothing new is the end, whatever has_more says, unless the held item left no room for anything else.
        self._is_crowded_out = overlap > 0 and len(page) == overlap
        self.has_more = self.has_more and (len(page) > overlap or self._is_crowded_out)
        if self.has_more and self.pages == MOST_PAGES:
            raise Unreadable(f"the list says that it goes on after {MOST_PAGES} pages")
        return page[overlap:]


def _identity(item: Json) -> Any:
    return item["id"] if isinstance(item, dict) and "id" in item else item
