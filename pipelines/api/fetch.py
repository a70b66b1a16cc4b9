"""Asks one request to its end: every page of it, and from the start again when a list moves while it is being read.

    Request --client.get, page by page--> Answer (its pages), the last of which decides

Reading an answer into rows is `parse.py`; which requests there are is `engine.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.api import privacy
from pipelines.api.endpoints import ENDPOINTS, Request, path_of
from pipelines.api.paginator import ListMoved, Paginator
from pipelines.api.wire import Exchange, Outcome
from pipelines.schema.values import Json, Unreadable

if TYPE_CHECKING:
    from pipelines.api.client import Client  # HTTP is a quarter of a second to import, and not all who read answers ask

READINGS = 4
"""How often a list that moves is read before its account counts as rejected."""


@dataclass(frozen=True)
class Page:
    """One page of an answer, and the items of it that no earlier page gave (None: the answer is no list)."""

    params: dict[str, str]
    exchange: Exchange
    items: Sequence[Json] | None = None
    problem: str | None = None  # why the list could not be read on from here


@dataclass(frozen=True)
class Answer:
    """One reading of the answer to a request."""

    request: Request
    pages: tuple[Page, ...]

    @property
    def outcome(self) -> Outcome:
        """The outcome of the whole, which is that of its last page: only the last can be other than ok."""
        last = self.pages[-1]
        if last.problem:
            return Outcome.REJECTED
        # "There is none" halfway through a list is no answer to the list.
        is_cut = len(self.pages) > 1 and last.exchange.reply.outcome is not Outcome.OK
        return Outcome.FAILED if is_cut else last.exchange.reply.outcome


async def fetch(client: "Client", request: Request, surface: str) -> list[Answer]:
    """Every reading it took; the last one is the answer."""
    answers: list[Answer] = []
    moved: ListMoved | None = None
    is_steady = False
    for _ in range(READINGS):
        before = moved
        answer, moved = await _read_once(client, request, surface, is_steady)
        answers.append(answer)
        if not moved:
            break
        is_steady = before is not None and before.read == moved.read
    return answers


async def _read_once(client: "Client", request: Request, surface: str, is_steady: bool) -> tuple[Answer, ListMoved | None]:
    endpoint = ENDPOINTS[request.endpoint]
    sift = privacy.account if endpoint.is_personal else None
    pages: list[Page] = []
    paginator = Paginator(request.params, is_steady)
    while paginator.has_more:
        params = paginator.next_params()
        exchange = await client.get(*path_of(request, surface, params), sift)
        if endpoint.is_personal:
            exchange = privacy.strip(exchange)
        if exchange.reply.outcome is not Outcome.OK or not endpoint.is_paged:
            pages.append(Page(params, exchange))
            break
        try:
            pages.append(Page(params, exchange, paginator.add(exchange.reply.body)))
        except Unreadable as error:
            pages.append(Page(params, exchange, problem=str(error)))
            return Answer(request, tuple(pages)), error if isinstance(error, ListMoved) else None
    return Answer(request, tuple(pages)), None
