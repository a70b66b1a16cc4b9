"""One night: finds out which night it is, asks what has no answer yet, lands it batch by batch.

    first answer -> as_of_date -> plan -> ask (many at once) -> batch -> load, while the next batch is being asked

A batch is a checkpoint: what it holds is committed when its load returns, and a new start on the same night asks only for
the rest. What is asked is `endpoints.py`, how is `client.py`, what an answer becomes is `answers.py`.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from time import monotonic

from pipelines.api.client import Client, Pacer
from pipelines.api.endpoints import Request, SyncContext, roster
from pipelines.api.fetch import Answer, ask
from pipelines.api.parse import Batch, Parser
from pipelines.api.wire import Outcome
from pipelines.destination.warehouse import Warehouse
from pipelines.errors import Interrupted, RosterRefused, Unauthorized, Unreachable
from pipelines.night.clock import ApiClock, as_of_date
from pipelines.night.progress import Observer, Progress
from pipelines.night.signals import stopping
from pipelines.settings import Settings

FEWEST_CONNECTIONS = 8
"""Enough to keep a fast API busy; httpx gets slower with more of them."""
BATCH_SECONDS = 15.0
BATCH_RESPONSES = 2_000
"""A batch is loaded when it is this old or this large, whichever comes first."""


@dataclass
class Sync:
    """One run against one warehouse."""

    settings: Settings
    client: Client
    warehouse: Warehouse
    run_id: str
    observe: Observer = lambda progress: None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    machine_now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = monotonic
    progress: Progress = field(default_factory=Progress)
    _queue: deque[Request] = field(default_factory=deque)
    _known: set[tuple[str, str | None, str | None, str]] = field(default_factory=set)

    async def run(self) -> Progress:
        """Sync tonight. Whatever has landed stays landed, however this ends.

        Raises Unauthorized, Unreachable or RosterRefused when the night cannot begin.
        """
        first, parser = await self._opening()
        batch = Batch()
        await self._begin(first, parser, batch)
        self.observe(self.progress)
        await self._work(parser, batch)
        self.observe(self.progress)
        if self.settings.keep_bodies_days is not None:
            self.warehouse.drop_old_bodies(parser.context.as_of_date - timedelta(days=self.settings.keep_bodies_days))
        return self.progress

    async def fill(self, requests: Sequence[Request]) -> Progress:
        """Ask these P&L reports of the past, and nothing else of tonight. Raises Unauthorized or Unreachable."""
        first, parser = await self._opening(requests[0])
        batch = Batch()
        self._land(first, parser, batch)
        parser.plan(requests, batch)
        self._enqueue(requests)
        await self._work(parser, batch)
        return self.progress

    async def _opening(self, wanted: Request | None = None) -> tuple[list[Answer], Parser]:
        """The first answer and the night it belongs to, with what is known of that night."""
        with self.warehouse.at_hand():
            self.warehouse.sweep()
            missing = [] if wanted else self._missing()
        first, clock = await self._first_contact(wanted or roster(self.settings.surface), missing)
        with self.warehouse.at_hand():
            night = self._night(as_of_date(clock.instant))
            self.progress.as_of_date = night.as_of_date
            self._known = self.warehouse.answered(night.as_of_date)
            return first, self._parser(night, clock)

    async def _first_contact(self, asking: Request, missing: list[Request]) -> tuple[list[Answer], ApiClock]:
        """The first answer, which says what time it is: to what the newest night lacks, which may be tonight, if it can."""
        answers = await ask(self.client, missing[0] if missing else asking, self.settings.surface)
        if missing and answers[-1].pages[-1].exchange.reply.status is None:
            answers = await ask(self.client, asking, self.settings.surface)
        exchange = answers[0].pages[0].exchange
        last = answers[-1].pages[-1].exchange.reply
        if last.status is None:
            raise Unreachable(f"no answer from {self.settings.api_url}: {last.message}; nothing was asked or changed")
        if last.is_unauthorized:
            raise Unauthorized(f"{self.settings.api_url} refuses the credentials ({last.message}); nothing was written")
        return answers, ApiClock.start(exchange.date, self.machine_now(), exchange.ended)

    def _missing(self) -> list[Request]:
        newest = self.warehouse.newest_night()
        if newest is None:
            return []
        answered = self.warehouse.answered(newest)
        planned = self.warehouse.planned(newest, self.settings.surface)
        return [request for request in planned if request.key not in answered and self._is_wanted(request)]

    def _is_wanted(self, request: Request) -> bool:
        return not self.settings.accounts or request.account_id is None or request.account_id in self.settings.accounts

    def _night(self, day: date) -> SyncContext:
        warehouse, settings = self.warehouse, self.settings
        closed = warehouse.closed_before(day)
        return SyncContext(
            day,
            settings.surface,
            settings.refresh_prices,
            warehouse.held_policies(),
            closed,
            warehouse.missed_pnl(day, settings.pnl_fill_requests, closed) if settings.pnl_fill_requests else {},
        )

    def _parser(self, night: SyncContext, clock: ApiClock) -> Parser:
        numbers = itertools.count(self.warehouse.last_sequence(night.as_of_date) + 1)
        origin = {"surface": night.surface, "base_url": self.settings.api_url, "run_id": self.run_id}
        return Parser(night, clock.at, lambda: f"{night.as_of_date:%Y%m%d}-{next(numbers):08d}", origin)

    async def _begin(self, first: list[Answer], parser: Parser, batch: Batch) -> None:
        """Fill the queue: from tonight's roster if it has an answer, else from the answer it gives now."""
        night, asking = parser.context, roster(parser.context.surface)
        is_roster = first[-1].request.key == asking.key
        if not is_roster:
            self._land([_of_the_past(answer, night) for answer in first], parser, batch)
        if asking.key in self._known:
            self._enqueue(self.warehouse.planned(night.as_of_date, night.surface))
            return
        answers = first if is_roster else await ask(self.client, asking, night.surface)
        answers[-1] = self._judged(answers[-1], night.as_of_date)
        self._land(answers, parser, batch)
        if not answers[-1].outcome.is_good:
            self.warehouse.load(batch)
            reason = self.progress.failures[-1].reason
            raise RosterRefused(
                f"the list of accounts cannot be used: {reason}; no account was asked, nothing was published"
            )

    def _judged(self, answer: Answer, night: date) -> Answer:
        """The roster's answer, rejected when it is no roster or has lost more accounts than one may in a night."""
        last = answer.pages[-1]
        before, now = self.warehouse.roster_size(before=night), sum(len(page.items or ()) for page in answer.pages)
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
            if request.key not in self._known and self._is_wanted(request):
                self._known.add(request.key)
                fresh.append(request)
        if first:
            self._queue.extendleft(reversed(fresh))
        else:
            self._queue.extend(fresh)

    def _land(self, answers: list[Answer], parser: Parser, batch: Batch) -> None:
        """Read what was asked, and queue what it leads to."""
        for answer in answers:
            parsed = parser.parse(answer, batch)
        request = answers[-1].request
        self._known.add(request.key)
        self.progress.note(request, parsed, answers[-1].pages[-1].exchange)
        if self.progress.stopped_by:
            self.stop.set()
        self._enqueue(parsed.follow_ups, first=request.account_id is not None)

    async def _work(self, parser: Parser, batch: Batch) -> None:
        """Ask until the queue is empty or the sync is told to stop; load every batch, the last one included."""
        loop = asyncio.get_running_loop()
        told_to_stop = asyncio.create_task(self.stop.wait())
        pending: set[asyncio.Task[list[Answer]]] = set()
        loading: asyncio.Future[None] | None = None
        batch_started = self.monotonic()
        with ThreadPoolExecutor(1) as executor:
            try:
                while (self._queue or pending) and not self.stop.is_set():
                    while self._queue and len(pending) < self.client.connections:
                        pending.add(asyncio.create_task(ask(self.client, self._queue.popleft(), parser.context.surface)))
                    await asyncio.wait([*pending, told_to_stop], return_when=asyncio.FIRST_COMPLETED)
                    finished = {task for task in pending if task.done()}
                    pending -= finished
                    for task in finished:
                        self._land(task.result(), parser, batch)
                    self.progress.waiting = len(self._queue) + len(pending)
                    self.observe(self.progress)
                    is_due = self.monotonic() - batch_started > BATCH_SECONDS or batch.responses >= BATCH_RESPONSES
                    if batch.responses and is_due:
                        if loading:
                            await loading
                        loading = loop.run_in_executor(executor, self._load, batch)
                        batch, batch_started = Batch(), self.monotonic()
            finally:
                told_to_stop.cancel()
                for task in pending:
                    task.cancel()
                if loading:
                    await loading
            if batch.responses:
                await loop.run_in_executor(executor, self._load, batch)

    def _load(self, batch: Batch) -> None:
        self.warehouse.load(batch)
        self.progress.landed += batch.responses


def _of_the_past(answer: Answer, night: SyncContext) -> Answer:
    """An answer to what an earlier night left unasked: its P&L report is one of the past by now."""
    request = answer.request
    if request.endpoint != "pnl" or request.params["end_date"] == night.as_of_date.isoformat():
        return answer
    return replace(answer, request=replace(request, endpoint="pnl_backfill"))


def sync(settings: Settings, run_id: str, observe: Observer = lambda progress: None) -> Progress:
    """Sync tonight. Ctrl-C and SIGTERM end it after its batch has landed.

    Raises Interrupted then, and any other BluumError when the night cannot begin.
    """
    return asyncio.run(_run(settings, run_id, observe, Sync.run))


def fill(
    settings: Settings, run_id: str, requests: Sequence[Request], observe: Observer = lambda progress: None
) -> Progress:
    """Ask these P&L reports of the past. Ends and raises as `sync` does."""
    if not requests:
        return Progress()
    return asyncio.run(_run(settings, run_id, observe, lambda run: run.fill(requests)))


async def _run(settings: Settings, run_id: str, observe: Observer, work: Callable[[Sync], Awaitable[Progress]]) -> Progress:
    assert settings.api_key is not None
    assert settings.api_secret is not None
    async with Client(
        settings.api_url,
        settings.api_key,
        settings.api_secret.get_secret_value(),
        Pacer(settings.requests_per_second),
        timeout=settings.timeout,
        connections=max(FEWEST_CONNECTIONS, round(settings.requests_per_second)),
    ) as client:
        run = Sync(settings, client, Warehouse(settings.warehouse), run_id, observe)
        with stopping(run.stop) as received:
            progress = await work(run)
    if received:
        raise Interrupted(
            f"stopped by {received[0].name}: {progress.landed} responses have landed for {progress.as_of_date}, "
            "nothing was published; the same command goes on from here",
            received[0],
        )
    return progress
