"""The story of the demo: sixty trading nights in which something happens, and what each night should show.

    story = tell(world)
    for night in sandbox.play(story):   # moves the clock, brings the night's outages
        ...sync...

Policy changes, corrections, the closing and the opening are part of the world itself (their dates are its own);
only missed nights and outages have to be played. Nights beyond the told dates are simply uneventful.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sandbox.world.accounts import CLOSING_DAY, OPENING_DAY, POLICY_CHANGE
from sandbox.world.agenda import WITHDRAWAL_DAY
from sandbox.world.amendments import SCRIPT_CORRECTION, SCRIPT_DIVIDEND, SCRIPT_POLICY
from sandbox.world.clock import market_date
from sandbox.world.world import World

LAST_NIGHT = date(2022, 6, 15)
MISSED_NIGHT = date(2022, 4, 27)
FAILED_NIGHT = date(2022, 5, 18)
SHORT_OUTAGE = date(2022, 6, 2)
_FAILED_ACCOUNT = 5


@dataclass(frozen=True)
class Outage:
    """For a night, requests get an error: all of them about one account, or a share of all."""

    status: int  # 429, 500 or 503
    rate: float = 1.0
    account: str | None = None


@dataclass(frozen=True)
class Event:
    night: date  # the first night that shows it
    kind: str  # missed_night, account_fails, outage, policy_change, late_policy, restatement, account_closes, ...
    account_number: int | None
    account_id: str | None
    text: str
    outages: tuple[Outage, ...] = ()


@dataclass(frozen=True)
class Story:
    trading_days: tuple[date, ...]
    events: tuple[Event, ...]

    @property
    def nights(self) -> tuple[date, ...]:
        """The nights on which a sync runs."""
        missed = {event.night for event in self.events if event.kind == "missed_night"}
        return tuple(day for day in self.trading_days if day not in missed)

    def on(self, night: date) -> tuple[Event, ...]:
        return tuple(event for event in self.events if event.night == night)


def tell(world: World, nights: int = 60, last: date = LAST_NIGHT) -> Story:
    """The `nights` trading days up to `last`, and what happens on them."""
    end = world.market.index(last) + 1
    days = world.market.days[max(end - nights, 0) : end]
    events = [event for event in _all_events(world) if days[0] <= event.night <= days[-1]]
    return Story(days, tuple(sorted(events, key=lambda event: (event.night, event.kind))))


def _all_events(world: World) -> Iterator[Event]:
    yield Event(MISSED_NIGHT, "missed_night", None, None, "the machine was off: no sync at all")
    outage = (Outage(503, rate=0.1), Outage(429, rate=0.05))
    yield Event(SHORT_OUTAGE, "outage", None, None, "one request in ten answers 503: retries mend it", outage)
    for number, night, kind, text in (
        (0, POLICY_CHANGE, "policy_change", "version 2 of the policy takes effect: less equity, narrower bands"),
        (7, CLOSING_DAY, "account_closes", "everything is sold and the account closes"),
        (9, OPENING_DAY, "account_opens", "a new account is opened and invested"),
        (10, WITHDRAWAL_DAY, "withdrawal", "money is withdrawn, paid by selling the largest holding alone"),
        (9, date(2022, 5, 11), "trades_half_done", "half of the trade recommended two trading days ago is carried out"),
        (2, date(2022, 6, 8), "trades_done", "the trades recommended two trading days ago are carried out, all of them"),
        (
            SCRIPT_CORRECTION.account_number,
            market_date(SCRIPT_CORRECTION.known_at),
            "restatement",
            f"realized P&L of {SCRIPT_CORRECTION.day} and later is corrected by {SCRIPT_CORRECTION.amount}",
        ),
        (
            SCRIPT_DIVIDEND.account_number,
            market_date(SCRIPT_DIVIDEND.known_at),
            "restatement",
            f"a dividend of {SCRIPT_DIVIDEND.day} is booked late: {SCRIPT_DIVIDEND.amount}",
        ),
        (
            SCRIPT_POLICY.account_number,
            market_date(SCRIPT_POLICY.policy.published_at),
            "late_policy",
            f"a policy version appears that has held since {SCRIPT_POLICY.policy.effective_date}",
        ),
    ):
        if number < len(world.accounts):
            yield Event(night, kind, number, world.accounts[number].account_id, text)
    if len(world.accounts) > _FAILED_ACCOUNT:
        failing = world.accounts[_FAILED_ACCOUNT].account_id
        yield Event(
            FAILED_NIGHT,
            "account_fails",
            _FAILED_ACCOUNT,
            failing,
            "every request for this account answers 500, all night",
            (Outage(500, account=failing),),
        )
