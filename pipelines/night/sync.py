"""One night into the warehouse, checkpoint by checkpoint.

    engine.py --batch--> Warehouse.load, in a thread, while the next batch is being asked

A batch is a checkpoint: what it holds is committed when its load returns, and a new start on the same night asks only for
the rest. How a night is asked is `engine.py`, how a batch is loaded `warehouse.py`.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from time import monotonic

from pipelines.api.client import Client
from pipelines.api.clock import newest_possible
from pipelines.api.endpoints import Request, SyncContext, roster, without
from pipelines.api.engine import Engine, Held, client_of
from pipelines.api.pacer import Sleep
from pipelines.api.parse import Batch
from pipelines.api.progress import Observer, Progress
from pipelines.destination.forgetting import forgotten
from pipelines.destination.warehouse import Warehouse
from pipelines.errors import Interrupted
from pipelines.night.signals import stopping
from pipelines.settings import Settings


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

    async def run(self) -> Progress:
        """Sync tonight. Whatever has landed stays landed, however this ends.

        Raises Unauthorized, Unreachable or RosterRefused when the night cannot begin, and OtherSource, before anything is
        asked, when the warehouse belongs to another API or surface.
        """
        self._make_ready()
        with self.warehouse.at_hand():
            missing = self._missing()
        await self._load_all(self._engine(self.settings.leave_out).night(missing))
        if self.settings.keep_bodies_days is not None and self.progress.as_of_date:
            self.warehouse.drop_old_bodies(self.progress.as_of_date - timedelta(days=self.settings.keep_bodies_days))
        return self.progress

    async def fill(self, requests: Sequence[Request]) -> Progress:
        """Ask these P&L reports of the past, and nothing else of tonight. Raises as `run`, but for RosterRefused."""
        self._make_ready()
        await self._load_all(self._engine(leave_out=frozenset()).reports(requests))  # who names them wants them
        return self.progress

    def _make_ready(self) -> None:
        self.warehouse.mend()
        with self.warehouse.at_hand():
            self.warehouse.check_source(self.settings.api_url, self.settings.surface)
            self.warehouse.sweep()
        self.warehouse.upgrade()

    def _engine(self, leave_out: Collection[str]) -> Engine:
        return Engine(
            self.settings,
            self.client,
            self.run_id,
            self._held,
            without(leave_out),
            observe=self.observe,
            stop=self.stop,
            machine_now=self.machine_now,
            monotonic=self.monotonic,
            progress=self.progress,
        )

    def _missing(self) -> list[Request]:
        """What the newest night lacks. One that cannot have been yet is passed over: it asks about days to come."""
        newest = self.warehouse.newest_night(until=newest_possible(self.machine_now()))
        if newest is None:
            return []
        answered = self.warehouse.answered(newest)
        planned = self.warehouse.planned(newest, self.settings.surface)
        return [request for request in planned if request not in answered]

    def _held(self, day: date) -> Held:
        warehouse, settings = self.warehouse, self.settings
        with warehouse.at_hand():
            closed, answered = warehouse.closed_before(day), frozenset(warehouse.answered(day))
            is_asked = without(settings.leave_out)
            pnl = warehouse.missed_pnl(day, settings.pnl_fill_requests, closed) if "pnl" in is_asked else {}
            left = max(settings.pnl_fill_requests - sum(map(len, pnl.values())), 0)
            context = SyncContext(
                day,
                settings.surface,
                settings.refresh_prices,
                warehouse.held_policies(),
                closed,
                pnl,
                warehouse.missed_performance(day, left, closed) if "performance" in is_asked else {},
                forgotten(warehouse),
            )
            is_begun = roster(settings.surface) in answered
            planned = tuple(warehouse.planned(day, settings.surface)) if is_begun else ()
            return Held(context, answered, planned, warehouse.last_sequence(day), warehouse.roster_size(before=day))

    async def _load_all(self, batches: AsyncIterator[Batch]) -> None:
        """Load every batch while the next one is being asked; one load at a time, and none is left behind."""
        loop = asyncio.get_running_loop()
        loading: asyncio.Future[None] | None = None
        with ThreadPoolExecutor(1) as executor:
            try:
                async with aclosing(batches):  # type: ignore[type-var]
                    async for batch in batches:
                        if loading:
                            await loading
                        loading = loop.run_in_executor(executor, self._load, batch)
            finally:
                if loading:
                    await loading

    def _load(self, batch: Batch) -> None:
        responses = batch.responses  # loading takes the rows out of it
        self.warehouse.load(batch)
        self.progress.landed += responses


def sync(
    settings: Settings, run_id: str, observe: Observer = lambda progress: None, sleep: Sleep = asyncio.sleep
) -> Progress:
    """Sync tonight. Ctrl-C and SIGTERM end it after its batch has landed.

    `sleep` waits before one request is asked again; when all have to pause, the pacer waits by itself.
    Raises Interrupted then, and any other BluumError when the night cannot begin.
    """
    return asyncio.run(_run(settings, run_id, observe, Sync.run, sleep))


def fill(
    settings: Settings, run_id: str, requests: Sequence[Request], observe: Observer = lambda progress: None
) -> Progress:
    """Ask these P&L reports of the past. Ends and raises as `sync` does."""
    if not requests:
        return Progress()
    return asyncio.run(_run(settings, run_id, observe, lambda run: run.fill(requests)))


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Let Python look for garbage seldom: to look through all that is imported keeps answers waiting for 0.1 s."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


async def _run(
    settings: Settings,
    run_id: str,
    observe: Observer,
    work: Callable[[Sync], Awaitable[Progress]],
    sleep: Sleep = asyncio.sleep,
) -> Progress:
    async with client_of(settings, sleep) as client:
        run = Sync(settings, client, Warehouse.of(settings), run_id, observe)
        with stopping(run.stop) as received, _seldom_collected():
            progress = await work(run)
    if received:
        raise Interrupted(
            f"stopped by {received[0].name}: {progress.landed} responses have landed for {progress.as_of_date}, "
            "nothing was published; the same command goes on from here",
            received[0],
        )
    return progress
