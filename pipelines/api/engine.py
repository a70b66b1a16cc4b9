"""Asks a night of Bluum: finds out which night it is, asks what has no answer yet, and gives it out batch by batch.

    first answer -> as_of_date -> what is held of that night -> ask (many at once) -> batch -> whoever loads it

What is asked is `endpoints.py`, how is `client.py`, what an answer becomes is `parse.py`. Knows no destination: what is held
already it is told by `remember`, and what becomes of a batch is its reader's matter (`sync.py`, `source.py`).
"""

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from time import monotonic

from pipelines.api.client import Client
from pipelines.api.clock import ApiClock, as_of_date
from pipelines.api.endpoints import ENDPOINTS, LASTING, Request, SyncContext, roster
from pipelines.api.fetch import Answer, fetch
from pipelines.api.pacer import Pacer, Sleep
from pipelines.api.parse import Batch, Parser
from pipelines.api.progress import Observer, Progress
from pipelines.api.wire import Outcome
from pipelines.errors import RosterRefused, Unauthorized, Unreachable
from pipelines.settings import Settings

FEWEST_CONNECTIONS = 8
"""Enough to keep a fast API busy."""
BATCH_SECONDS = 15.0
BATCH_RESPONSES = 5_000
BATCH_BYTES = 16 * 1024**2
"""A batch is given out when it is this old, has so many answers or is made of so much text, whichever comes first."""


@dataclass(frozen=True)
class Held:
    """What is known of a night when its asking begins; by default nothing, as on the first night of all."""

    context: SyncContext
    answered: frozenset[Request] = frozenset()  # those that have a good answer tonight
    planned: tuple[Request, ...] = ()  # what tonight's roster and what it led to have told us to ask
    last_sequence: int = 0  # number of the night's last response
    roster_before: int = 0  # how many accounts the newest earlier roster had


@dataclass
class Engine:
    """One asking of one night. `stop` ends it after what has been answered is given out."""

    settings: Settings
    client: Client
    run_id: str
    remember: Callable[[date], Held]
    endpoints: frozenset[str] = frozenset(ENDPOINTS)  # no other is asked, whatever an answer leads to
    observe: Observer = lambda progress: None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    machine_now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = monotonic
    progress: Progress = field(default_factory=Progress)
    _held: Held = field(init=False)
    _queue: deque[Request] = field(default_factory=deque)  # what only tonight can be asked
    _later: deque[Request] = field(default_factory=deque)  # what a later night can be asked too
    _known: set[Request] = field(default_factory=set)

    async def night(self, missing: Sequence[Request] = ()) -> AsyncIterator[Batch]:
        """Ask tonight. `missing` is what the newest night lacks: one of it is a better first question than the roster.

        Raises Unauthorized, Unreachable or RosterRefused when the night cannot begin.
        """
        wanted = [request for request in missing if self._is_wanted(request)]
        first, parser = await self._opening(roster(self.settings.surface), wanted)
        batch = Batch()
        refusal = await self._begin(first, parser, batch)
        first.clear()  # the roster of a large book is no small thing to hold all night
        if refusal:
            yield batch
            raise refusal
        self.observe(self.progress)
        async for finished in self._work(parser, batch):
            yield finished
        self.observe(self.progress)

    async def reports(self, requests: Sequence[Request]) -> AsyncIterator[Batch]:
        """Ask these P&L reports of the past, and nothing else of tonight. Raises Unauthorized or Unreachable."""
        first, parser = await self._opening(requests[0], [])
        batch = Batch()
        self._land(first, parser, batch)
        parser.plan(requests, batch)
        self._enqueue(requests)
        self.observe(self.progress)
        async for finished in self._work(parser, batch):
            yield finished
        self.observe(self.progress)

    async def _opening(self, asking: Request, missing: Sequence[Request]) -> tuple[list[Answer], Parser]:
        """The first answer and the night it belongs to, with what is known of that night."""
        first, clock = await self._first_contact(asking, missing)
        self._held = self.remember(as_of_date(clock.instant))
        night = self._held.context
        self.progress.as_of_date = night.as_of_date
        self._known = set(self._held.answered)
        origin = {"surface": night.surface, "base_url": self.settings.api_url, "run_id": self.run_id}
        ids = (f"{night.as_of_date:%Y%m%d}-{number:08d}" for number in itertools.count(self._held.last_sequence + 1))
        return first, Parser(night, clock.at, lambda: next(ids), origin, self.endpoints)

    async def _first_contact(self, asking: Request, missing: Sequence[Request]) -> tuple[list[Answer], ApiClock]:
        """The first answer, which says what time it is: to what the newest night lacks, which may be tonight, if it can."""
        answers = await fetch(self.client, missing[0] if missing else asking, self.settings.surface)
        if missing and answers[-1].pages[-1].exchange.reply.status is None:
            answers = await fetch(self.client, asking, self.settings.surface)
        exchange = answers[0].pages[0].exchange
        last = answers[-1].pages[-1].exchange.reply
        if last.status is None:
            raise Unreachable(f"no answer from {self.settings.api_url}: {last.message}; nothing was asked or changed")
        if last.is_unauthorized:
            raise Unauthorized(f"{self.settings.api_url} refuses the credentials ({last.message}); nothing was written")
        return answers, ApiClock.start(exchange.date, self.machine_now(), exchange.ended)

    def _is_wanted(self, request: Request) -> bool:
        accounts = self.settings.accounts
        return request.endpoint in self.endpoints and (
            not accounts or request.account_id is None or request.account_id in accounts
        )

    async def _begin(self, first: list[Answer], parser: Parser, batch: Batch) -> RosterRefused | None:
        """Fill the queue: from tonight's roster if it has an answer, else from the answer it gives now."""
        night, asking = parser.context, roster(parser.context.surface)
        is_roster = first[-1].request == asking
        if not is_roster:
            self._land([_of_the_past(answer, night) for answer in first], parser, batch)
        if asking in self._known:
            self._enqueue(self._held.planned)
            return None
        answers = first if is_roster else await fetch(self.client, asking, night.surface)
        answers[-1] = self._judged(answers[-1])
        self._land(answers, parser, batch)
        if answers[-1].outcome.is_good:
            return None
        reason = self.progress.failures[-1].reason
        return RosterRefused(f"the list of accounts cannot be used: {reason}; no account was asked, nothing was published")

    def _judged(self, answer: Answer) -> Answer:
        """The roster's answer, rejected when it is no roster or has lost more accounts than one may in a night."""
        last = answer.pages[-1]
        before, now = self._held.roster_before, sum(len(page.items or ()) for page in answer.pages)
        allowed = self.settings.roster_shrink_percent
        if answer.outcome in (Outcome.ABSENT, Outcome.DISABLED):  # no accounts are an empty list, not the lack of one
            reply = last.exchange.reply
            problem = f"{reply.message or 'no body'} (HTTP {reply.status}); is {self.settings.api_url} right?"
        elif answer.outcome.is_good and (before - now) * 100 > before * allowed:
            problem = (
                f"it went from {before} to {now} accounts; BLUUM_ROSTER_SHRINK_PERCENT lets it lose {allowed:g} % a night"
            )
        else:
            return answer
        return replace(answer, pages=(*answer.pages[:-1], replace(last, problem=problem)))

    def _enqueue(self, requests: Iterable[Request], *, first: bool = False) -> None:
        """Queue what nobody has asked or answered; `first`: next, so that one account's answers stand close in time."""
        fresh = []
        for request in requests:
            if request not in self._known and self._is_wanted(request):
                self._known.add(request)
                fresh.append(request)
        self._later.extend(request for request in fresh if request.endpoint in LASTING)
        only_tonight = [request for request in fresh if request.endpoint not in LASTING]
        if first:
            self._queue.extendleft(reversed(only_tonight))
        else:
            self._queue.extend(only_tonight)

    def _land(self, answers: list[Answer], parser: Parser, batch: Batch) -> None:
        """Read what was asked, and queue what it leads to."""
        for answer in answers:
            parsed = parser.parse(answer, batch)
        request = answers[-1].request
        self._known.add(request)
        self.progress.note(request, parsed, answers[-1].pages[-1].exchange)
        if self.progress.stopped_by:
            self.stop.set()
        self._enqueue(parsed.follow_ups, first=request.account_id is not None)

    async def _work(self, parser: Parser, batch: Batch) -> AsyncIterator[Batch]:
        """Ask until the queue is empty or the asking is told to stop; give out every batch, the last one included."""
        told_to_stop = asyncio.create_task(self.stop.wait())
        pending: set[asyncio.Task[list[Answer]]] = set()
        batch_started = self.monotonic()
        try:
            while (self._queue or self._later or pending) and not self.stop.is_set():
                while (queue := self._queue or self._later) and len(pending) < self.client.connections:
                    pending.add(asyncio.create_task(fetch(self.client, queue.popleft(), parser.context.surface)))
                await asyncio.wait([*pending, told_to_stop], return_when=asyncio.FIRST_COMPLETED)
                finished = {task for task in pending if task.done()}
                pending -= finished
                for task in finished:
                    self._land(task.result(), parser, batch)
                self.progress.waiting = len(self._queue) + len(self._later) + len(pending)
                self.observe(self.progress)
                is_full = batch.responses >= BATCH_RESPONSES or batch.size >= BATCH_BYTES
                if batch.responses and (is_full or self.monotonic() - batch_started > BATCH_SECONDS):
                    yield batch  # what is on its way goes on while the batch is taken
                    batch, batch_started = Batch(), self.monotonic()
        finally:
            told_to_stop.cancel()
            for task in pending:
                task.cancel()
        if batch.responses:
            yield batch


def _of_the_past(answer: Answer, night: SyncContext) -> Answer:
    """An answer to what an earlier night left unasked: its report is one of the past by now."""
    request, backfill = answer.request, ENDPOINTS[answer.request.endpoint].backfill
    if backfill is None or request.params["end_date"] == night.as_of_date.isoformat():
        return answer
    return replace(answer, request=replace(request, endpoint=backfill))


def client_of(settings: Settings, sleep: Sleep = asyncio.sleep) -> Client:
    """A client for the API that the settings name, at their pace; to be opened by `async with`."""
    assert settings.api_key is not None
    assert settings.api_secret is not None
    return Client(
        settings.api_url,
        settings.api_key,
        settings.api_secret.get_secret_value(),
        Pacer(settings.requests_per_second),
        timeout=settings.timeout,
        connections=max(FEWEST_CONNECTIONS, round(settings.requests_per_second)),
        sleep=sleep,
    )
