"""When things happen to an account: the days of its regular events, its withdrawal, and its next rebalancing.

Days only; what happens on them is history.py's. The days of the month differ between accounts, as real ones do.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from sandbox.world.accounts import Account
from sandbox.world.advice import carried_out_on
from sandbox.world.market import Market
from sandbox.world.policy import PolicyVersion

CONTRIBUTING = "newcomer"  # pays in every month from the one after the opening on
WITHDRAWING = "conservative"
WITHDRAWAL_DAY = date(2022, 5, 3)
_CONTRIBUTION_MARK = 25
_MONTHS = {"quarterly": 3, "semi_annual": 6, "annual": 12}


def events(market: Market, account: Account, end: date) -> dict[date, list[str]]:
    """What happens between the opening and `end` (both left out), by day and in order."""
    found: dict[date, list[str]] = {}
    for month in _months(account.opened, end):
        for kind, mark in _marks(account).items():
            found.setdefault(market.next_trading_day(month.replace(day=mark)), []).append(kind)
        if account.role == CONTRIBUTING and month > account.opened:
            found.setdefault(market.next_trading_day(month.replace(day=_CONTRIBUTION_MARK)), []).append("contribution")
    if account.role == WITHDRAWING:
        found.setdefault(WITHDRAWAL_DAY, []).append("withdrawal")
    if carried_out := carried_out_on(market, account):
        found.setdefault(carried_out, []).append("advice")
    return {day: found[day] for day in sorted(found) if account.opened < day < end}


def rebalances_in(month: int, policy: PolicyVersion) -> bool:
    every = _MONTHS[policy.frequency]
    return month % every == 1 % every


def next_rebalancing(market: Market, account: Account, policy: PolicyVersion, day: date) -> date | None:
    """The first regular rebalancing after `day`; None for an account that is closed by then."""
    if account.is_closed(day):
        return None
    mark = _marks(account)["rebalance"]
    for month in _months(day, day + timedelta(days=400)):
        planned = month.replace(day=mark)
        due = market.next_trading_day(planned) if planned <= market.last else planned
        if due > day and rebalances_in(month.month, policy):
            return due
    return None


def _marks(account: Account) -> dict[str, int]:
    """The days of the month on (or after) which the regular things happen; no two of them can fall on one day."""
    return {"interest": 1, "rebalance": 5 + account.number % 7, "dividends": 16 + account.number % 5}


def _months(first: date, last: date) -> Iterator[date]:
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = (month + timedelta(days=32)).replace(day=1)
