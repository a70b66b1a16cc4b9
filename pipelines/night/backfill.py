"""Which P&L reports of the past a backfill asks for. Positions, drift and policies have no past to ask for.

window, newest roster, reports held --> requests, and what is refused, per account
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from pipelines.api.clock import newest_possible
from pipelines.api.endpoints import Request, pnl_request
from pipelines.api.pacer import SHARE
from pipelines.destination.warehouse import Warehouse
from pipelines.errors import BluumError

Step = Literal["day", "week", "month"]


class NoBackfill(BluumError):
    """The window or the warehouse leaves nothing that could be asked."""


@dataclass(frozen=True)
class Window:
    """End dates from `start` to `end`: every weekday, every Friday, or the last day of every month."""

    start: date
    end: date
    every: Step = "day"

    def dates(self) -> Iterator[date]:
        """The end dates, oldest first. Raises NoBackfill for a reversed window."""
        if self.start > self.end:
            raise NoBackfill(f"--from {self.start} is later than --to {self.end}; nothing was asked")
        day = self.start
        while day <= self.end:
            if self._is_wanted(day):
                yield day
            day += timedelta(days=1)

    def _is_wanted(self, day: date) -> bool:
        match self.every:
            case "day":
                return day.isoweekday() < 6
            case "week":
                return day.isoweekday() == 5
            case "month":
                return day.day == calendar.monthrange(day.year, day.month)[1]


@dataclass(frozen=True)
class Backfill:
    """What a backfill will ask, and what it will not."""

    requests: tuple[Request, ...]
    again: int  # of the requests, those whose report is held: asked again, a changed figure is a restatement
    held: int  # reports in the window that are not asked again
    refused: dict[str, str]  # account_id -> why some or all of its dates are not asked

    def minutes(self, requests_per_second: float) -> float:
        """How long the requests take at the pace of a limit; 0 if there is no limit."""
        return len(self.requests) / (requests_per_second * SHARE) / 60 if requests_per_second else 0.0


def plan(
    warehouse: Warehouse,
    window: Window,
    only: frozenset[str] = frozenset(),
    *,
    missing_only: bool = False,
    machine_now: datetime | None = None,
) -> Backfill:
    """Plan a backfill from the newest roster, for dates up to the newest night. Raises NoBackfill if there is none yet.

    A night that is dated later than the machine's clock (`machine_now`, or now) allows was dated wrongly and counts for
    nothing. Reports that a backfill of the newest night has asked for are held, so that a backfill can be resumed; others
    that are held are asked again, unless only missing ones are wanted.
    """
    today = warehouse.newest_night(until=newest_possible(machine_now or datetime.now(UTC)))
    roster = [(account, opened) for account, opened in warehouse.newest_roster(today) if not only or account in only]
    if not roster or today is None:
        raise NoBackfill("no account is known yet: run `bluum sync` first")
    dates, observed = list(window.dates()), warehouse.observed_pnl()
    held = observed if missing_only else warehouse.observed_pnl(backfilled_on=today)
    requests: list[Request] = []
    refused: dict[str, str] = {}
    left_out = 0
    for account_id, opened_on in roster:
        askable = [day for day in dates if day <= today and (opened_on is None or day >= opened_on)]
        if len(askable) < len(dates):
            early, late = sum(bool(opened_on and day < opened_on) for day in dates), sum(day > today for day in dates)
            why = [f"{early} dates before it opened on {opened_on}"] * bool(early) + [
                f"{late} dates after {today}, the last night"
            ] * bool(late)
            refused[account_id] = " and ".join(why)
        fresh = [day for day in askable if (account_id, day) not in held]
        left_out += len(askable) - len(fresh)
        requests += [pnl_request("pnl_backfill", account_id, opened_on, day) for day in fresh]
    again = sum((request.account_id, date.fromisoformat(request.params["end_date"])) in observed for request in requests)
    return Backfill(tuple(requests), again, left_out, refused)
