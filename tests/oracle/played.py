"""Plays a history: a sandbox over loopback, a sync on every night of it, and a record of what was asked of whom.

    story -> nights -> clock and faults of each -> pipelines' sync -> warehouse.duckdb

`Played` is all the oracle gets to see besides the ledger: which nights ran, which requests were refused, which reports
were asked again. It never looks at an answer or at a table.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from helpers.faulty import Sandbox, running
from helpers.faulty.requests import Entry
from helpers.faulty.rules import Rule

from pipelines.api.client import Client
from pipelines.api.pacer import Pacer
from pipelines.destination.warehouse import Warehouse
from pipelines.night.sync import Sync
from pipelines.settings import Settings
from sandbox.server import Options
from sandbox.world.clock import market_date
from sandbox.world.policy import PolicyVersion, targets
from sandbox.world.story import FAILED_NIGHT, MISSED_NIGHT, SHORT_OUTAGE, tell
from sandbox.world.world import World

ACCOUNTS = 24  # every role twice
TRADING_DAYS = 68  # from 31 March 2022: whole months, a whole quarter, and every event below
LAST_NIGHT = date(2022, 7, 8)
FILL_BUDGET = 150  # P&L reports of missed nights that a night may ask for: two missed nights take two nights to mend
Refused = tuple[int, str | None]  # account number; endpoint, or None for all of them
ANY = None

MISSED = frozenset({MISSED_NIGHT, date(2022, 6, 21), date(2022, 6, 22), date(2022, 7, 6)})
WEEKEND_NIGHTS = frozenset({date(2022, 6, 11)})  # somebody ran a sync on a Saturday
REFUSED: Mapping[date, tuple[Refused, ...]] = {
    FAILED_NIGHT: ((5, ANY),),
    date(2022, 4, 5): ((2, "rebalancing"), (14, "portfolios"), (20, "investment_policy")),
    date(2022, 4, 29): ((0, "pnl"), (9, "pnl"), (10, ANY)),
    date(2022, 5, 10): ((6, "holdings"), (12, "holdings")),
    date(2022, 5, 13): ((7, "positions"),),  # on the night it closes: it is asked once more
    date(2022, 5, 25): ((21, "performance"),),
    date(2022, 6, 30): ((1, ANY), (13, "positions"), (17, "pnl")),
    date(2022, 7, 5): ((3, ANY), (6, "rebalancing"), (18, "pnl")),
}
MENDED = frozenset({date(2022, 7, 5)})  # a second sync on the same night brings what the first one could not get
# On these nights the reports of past end dates are asked again, as a backfill does.
ASKED_AGAIN: Mapping[date, tuple[tuple[int, date, date], ...]] = {
    date(2022, 5, 26): ((0, date(2022, 5, 6), date(2022, 5, 24)),),
    date(2022, 6, 8): ((4, date(2022, 4, 12), date(2022, 4, 29)), (0, date(2022, 5, 9), date(2022, 5, 11))),
    date(2022, 7, 7): ((0, date(2022, 6, 1), date(2022, 6, 3)), (15, date(2022, 6, 20), date(2022, 7, 1))),
    date(2022, 7, 8): ((15, date(2022, 6, 27), date(2022, 7, 1)), (16, date(2022, 4, 4), date(2022, 4, 22))),
}


@dataclass(frozen=True)
class Night:
    """One night on which a sync ran (twice, where `mended`), at one instant of the sandbox's clock."""

    day: date
    known_at: datetime
    refused: frozenset[Refused]
    mended: bool
    asked_again: tuple[tuple[int, date, date], ...]
    requests: tuple[Entry, ...]  # the sandbox's own log of what reached it

    def refuses(self, number: int, endpoint: str) -> bool:
        """Whether no answer was had all night."""
        return not self.mended and self.refuses_at_first(number, endpoint)

    def refuses_at_first(self, number: int, endpoint: str) -> bool:
        return (number, ANY) in self.refused or (number, endpoint) in self.refused


@dataclass(frozen=True)
class Played:
    world: World
    nights: tuple[Night, ...]
    fill_budget: int = FILL_BUDGET


@dataclass
class _Time:
    """A monotonic clock that jumps over every wait, so that backing off costs no time."""

    skipped: float = 0.0

    def now(self) -> float:
        return time.monotonic() + self.skipped

    async def sleep(self, seconds: float) -> None:
        self.skipped += max(seconds, 0)
        await asyncio.sleep(0)


class _Asking(Warehouse):
    """The warehouse, which tonight also calls these end dates missed: the way a backfill asks for them again."""

    def __init__(self, settings: Settings, again: Mapping[str, tuple[date, ...]]) -> None:
        super().__init__(Warehouse.of(settings).store, settings.dataset)
        self.again = again

    def missed_pnl(self, night: date, most: int, closed: frozenset[str]) -> dict[str, tuple[date, ...]]:
        missed = super().missed_pnl(night, most, closed)
        for account_id, days in self.again.items():
            missed[account_id] = tuple(dict.fromkeys((*missed.get(account_id, ()), *days)))
        return missed


def weekdays(first: date, last: date) -> Iterator[date]:
    """Monday to Friday, both ends included."""
    for step in range((last - first).days + 1):
        day = first + timedelta(days=step)
        if day.weekday() < 5:
            yield day


@contextmanager
def playing(data_dir: Path, accounts: int = ACCOUNTS, days: int = TRADING_DAYS, **lake: Any) -> Iterator[Played]:
    """The history, synced into `data_dir`, or a lake by its settings; the sandbox runs until the block ends."""
    options = Options(accounts=accounts, rate_limit=0)
    with running(options) as sandbox:
        enrich(sandbox.world)
        settings = Settings(
            _env_file=None,
            api_key=sandbox.key,
            BLUUM_API_SECRET=sandbox.secret,
            BLUUM_BASE_URL=sandbox.base_url,
            data_dir=data_dir,
            rate_limit=0,
            pnl_fill_requests=FILL_BUDGET,
            **lake,
        )
        data_dir.mkdir(parents=True, exist_ok=True)
        story = tell(sandbox.world, days, LAST_NIGHT)
        nights = {*story.trading_days, *WEEKEND_NIGHTS} - MISSED
        told = sorted(night for night in nights if night >= story.trading_days[0])
        yield Played(sandbox.world, tuple(_play(sandbox, settings, night) for night in told))


def enrich(world: World) -> None:
    """More of what the world's own script has one of: late, early and narrowing policies, corrections of every measure."""
    size = len(world.accounts)
    if size > 12:
        # Published in advance; and one that holds from before the version it follows, which so was in force on no day.
        _publish(world, 10, 3, "2022-06-20", "2022-06-01", "1.75", equities="22", fixed_income="48", treasury="30")
        _publish(world, 12, 3, "2022-04-25", "2022-06-15", "3.5", equities="50", fixed_income="35", treasury="15")
    if size > 17:
        # Treasury is unnamed for a while: its band is unknown, then known again.
        _publish(world, 17, 2, "2022-05-10", "2022-05-10", "2.5", equities="60", fixed_income="40")
        _publish(world, 17, 3, "2022-06-10", "2022-06-16", "2.5", equities="50", fixed_income="30", treasury="20")
    for number, measure, amount, day, known in (
        (15, "interest_income", "0.070000001", "2022-06-24", "2022-07-06"),
        (15, "fees_paid", "-1.25", "2022-06-29", "2022-07-08"),
        (16, "unrealized_pnl", "12.345678901", "2022-04-11", "2022-07-08"),
        (16, "realized_pnl", "250", "2022-04-19", "2022-07-08"),
        (21, "realized_pnl", "-3.5", "2022-06-21", "2022-06-24"),
        (16, "dividend_income", "7.01", "2022-06-28", "2022-06-30"),
    ):
        if number < size:
            known_at = datetime.combine(date.fromisoformat(known), datetime.min.time(), UTC) + timedelta(hours=17)
            account = world.accounts[number]
            world.correct(account.account_id, measure, Decimal(amount), date.fromisoformat(day), known_at)


def _publish(world: World, number: int, version: int, effective: str, published: str, spread: str, **shares: str) -> None:
    account = world.accounts[number]
    known_at = datetime.combine(date.fromisoformat(published), datetime.min.time(), UTC) + timedelta(hours=18)
    effective_date = max(date.fromisoformat(effective), account.opened)
    policy = PolicyVersion(version, targets(spread, **shares), Decimal("2.50"), effective_date, known_at)
    world.publish_policy(account.account_id, policy)


def _play(sandbox: Sandbox, settings: Settings, day: date) -> Night:
    accounts = sandbox.world.accounts
    refused = frozenset(entry for entry in REFUSED.get(day, ()) if entry[0] < len(accounts))
    again = tuple(entry for entry in ASKED_AGAIN.get(day, ()) if entry[0] < len(accounts))
    dates = {accounts[number].account_id: tuple(weekdays(first, last)) for number, first, last in again}
    sandbox.clock.to_night(day)
    sandbox.requests.clear()
    rules = [Rule("status", status=500, account=accounts[n].account_id, endpoint=endpoint) for n, endpoint in refused]
    if day == SHORT_OUTAGE:
        rules += [Rule("status", status=503, rate=0.1), Rule("rate_limited", rate=0.05)]
    sandbox.faults.set(rules)
    asyncio.run(_sync(settings, _Asking(settings, dates)))
    if day in MENDED:
        sandbox.faults.clear()
        asyncio.run(_sync(settings, _Asking(settings, {})))
    assert market_date(sandbox.clock.now()) == day
    return Night(day, sandbox.clock.now(), refused, day in MENDED, again, tuple(sandbox.requests.entries))


async def _sync(settings: Settings, warehouse: Warehouse) -> None:
    assert settings.api_key
    assert settings.api_secret
    clock = _Time()
    pacer = Pacer(0, clock.sleep, clock.now)
    secret = settings.api_secret.get_secret_value()
    async with Client(settings.api_url, settings.api_key, secret, pacer, sleep=clock.sleep) as client:
        await Sync(settings, client, warehouse, "oracle").run()
