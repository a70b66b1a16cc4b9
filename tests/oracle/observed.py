"""What the nights brought: which requests each sync made and which were answered, worked out from the story alone.

    Played + ledger -> Observed: rosters, answered requests, P&L reports as known when asked, policy versions

The rules of asking are the design's: every account of the roster, a closed one until a night has seen it closed, the
newest missed P&L end dates within a budget. The marts are computed from this by the other files here.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise

from oracle.played import Night, Played, weekdays

from sandbox.world.accounts import Account
from sandbox.world.facts import Pnl
from sandbox.world.policy import ListedVersion

NOT_FRESH = ("STALE", "UNAVAILABLE")
OF_A_PORTFOLIO = ("rebalancing", "holdings", "summary", "performance")
LED_TO_BY = {
    "position": "positions", "investment_policy_version": "investment_policy", **dict.fromkeys(OF_A_PORTFOLIO, "portfolios"),
}  # fmt: skip


@dataclass(frozen=True)
class Request:
    """One question of one night and whether it was answered."""

    endpoint: str
    account: Account | None
    what: str  # tells it from the other questions at the same endpoint about the same account
    outcome: str  # ok, absent, failed
    finished: int = 1  # how many times it was asked to its end


@dataclass(frozen=True)
class Report:
    """An inception-to-date P&L report as it was answered on a night."""

    asked_on: date
    pnl: Pnl


@dataclass
class Observed:
    played: Played
    rosters: dict[date, tuple[Account, ...]] = field(default_factory=dict)
    requests: dict[date, list[Request]] = field(default_factory=dict)
    answered: set[tuple[date, str, str]] = field(default_factory=set)  # night, endpoint, account_id
    # account_id -> end date -> the answers, oldest first
    reports: dict[str, dict[date, list[Report]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    listings: dict[str, dict[date, tuple[ListedVersion, ...]]] = field(
        default_factory=lambda: defaultdict(dict)
    )  # night by night
    mentioned: set[str] = field(default_factory=set)  # accounts whose portfolios a list or a roster has named
    version_seen: dict[tuple[str, int], date] = field(default_factory=dict)
    _closed: set[str] = field(default_factory=set)
    _held: set[tuple[str, int]] = field(default_factory=set)
    _unanswered: list[Request] = field(default_factory=list)  # of the night before, in the order they were planned

    def __post_init__(self) -> None:
        for night in self.played.nights:
            self._observe(night)

    @property
    def days(self) -> tuple[date, ...]:
        """The nights on which a sync ran."""
        return tuple(night.day for night in self.played.nights)

    @property
    def accounts(self) -> tuple[Account, ...]:
        """Every account ever listed: the last roster lists them all."""
        return self.rosters[self.days[-1]]

    def is_asked(self, day: date) -> bool:
        """An end date for which a report is asked: a weekday, or a day on which a sync ran."""
        return day.weekday() < 5 or day in self.rosters

    def is_session(self, day: date) -> bool:
        return self.played.world.market.is_trading_day(day)

    def is_expected(self, day: date) -> bool:
        """A day on which one would expect an observation: a session of the market, or a day on which a sync ran."""
        return self.is_session(day) or day in self.rosters

    def last_session(self, day: date) -> date:
        """The day itself or the last session before it."""
        while not self.is_session(day):
            day -= timedelta(days=1)
        return day

    def closed_on(self, account: Account) -> date | None:
        """The first night whose roster gave it as closed."""
        return next((day for day in self.days if account.is_closed(day)), None)

    def has(self, day: date, endpoint: str, account: Account) -> bool:
        return (day, endpoint, account.account_id) in self.answered

    def _observe(self, night: Night) -> None:
        ledger = self.played.world.ledger
        missed = self._missed(night.day)
        roster = ledger.accounts(night.day)
        asked = [account for account in roster if account.account_id not in self._closed]
        requests = [Request("accounts", None, "", "ok")]
        # The first question of a night, which tells the date, is one that the night before left without an answer.
        first = next(iter(self._unanswered), None)
        if first and first.account and first.endpoint in ("pnl", "pnl_backfill"):
            requests.append(Request("pnl_backfill", first.account, first.what, "ok"))
            fills = missed.get(first.account.account_id, [])
            missed[first.account.account_id] = [day for day in fills if day.isoformat() != first.what]
        held = set(self._held)
        for account in asked:
            requests += self._ask(night, account, missed.get(account.account_id, []), held)
        self.rosters[night.day] = roster
        self.requests[night.day] = requests
        for request in requests:
            if request.outcome not in ("failed", "not_asked") and request.account:
                self.answered.add((night.day, request.endpoint, request.account.account_id))
            if request.outcome == "ok" and request.account and request.endpoint in ("pnl", "pnl_backfill"):
                self._report(request.account, date.fromisoformat(request.what), night.day, night.known_at)
        self._unanswered = [request for request in requests if request.outcome == "failed"]
        failed = {request.account.account_id for request in self._unanswered if request.account}
        self._closed |= {a.account_id for a in asked if a.is_closed(night.day)} - failed

    def _ask(self, night: Night, account: Account, fills: list[date], held: set[tuple[str, int]]) -> Iterator[Request]:
        ledger, day = self.played.world.ledger, night.day

        def request(endpoint: str, what: str = "", *, absent: bool = False, at: str | None = None) -> Request:
            served = at or endpoint
            outcome = "failed" if night.refuses(account.number, served) else "absent" if absent else "ok"
            again = night.mended and night.refuses_at_first(account.number, served)
            leader = LED_TO_BY.get(endpoint)  # refused at first, it led to nothing until it was asked again
            once = leader is None or not night.refuses_at_first(account.number, leader)
            return Request(endpoint, account, what, outcome, 2 if again and once else 1)

        versions = ledger.policy_versions(account.account_id, night.known_at)
        current = next((v for v in versions if v.status == "active"), None)
        positions, portfolios = request("positions"), request("portfolios")
        if portfolios.outcome == "ok" or (account.number % 3 != 0 and not account.old_style):
            self.mentioned.add(account.account_id)
        policy = request("investment_policy", absent=current is None)
        yield from (positions, portfolios, policy, request("pnl", day.isoformat()))
        for end_date in fills:
            yield request("pnl_backfill", end_date.isoformat(), at="pnl")
        if positions.outcome == "ok":
            for row in ledger.positions(account.account_id, day, listed=True):
                if row.confidence in NOT_FRESH:
                    yield request("position", row.symbol)
        if portfolios.outcome == "ok":
            for portfolio in ledger.portfolios(account.account_id, day):
                for endpoint in OF_A_PORTFOLIO:
                    yield request(endpoint, portfolio.portfolio_id)
        elif account.account_id in self.mentioned:
            # Which portfolios there are is known from earlier: they are expected, and were not asked.
            for portfolio in account.portfolios:
                for endpoint in OF_A_PORTFOLIO:
                    yield Request(endpoint, account, portfolio.portfolio_id, "not_asked", 0)
        if policy.outcome == "ok" and current:
            for listed in versions:
                number = listed.policy.version
                if number != current.policy.version and (account.account_id, number) not in held:
                    yield request("investment_policy_version", str(number), at="investment_policy")
                if listed.status != "draft":
                    self._held.add((account.account_id, number))
                self.version_seen.setdefault((account.account_id, number), day)
            self.listings[account.account_id][day] = versions

    def _report(self, account: Account, end: date, asked_on: date, known_at: datetime) -> None:
        pnl = self.played.world.ledger.pnl(account.account_id, account.opened, end, known_at=known_at)
        self.reports[account.account_id][end].append(Report(asked_on, pnl))

    def _missed(self, today: date) -> dict[str, list[date]]:
        """End dates to ask for besides tonight's, and those that the story asks again.

        Within the budget the newest missed ones, then those beside one of a later vintage.
        """
        candidates = []
        for account_id, reports in self.reports.items():
            if account_id in self._closed:
                continue
            first = min(reports)
            for step in range(1, (today - first).days):
                day = first + timedelta(days=step)
                if self.is_asked(day) and day not in reports:
                    candidates.append((1, -day.toordinal(), account_id, day))
            beside = (day for day in self._beside_another_vintage(reports) if day < today)
            candidates += [(2, -day.toordinal(), account_id, day) for day in beside]
        missed: dict[str, list[date]] = defaultdict(list)
        for *_, account_id, day in sorted(candidates)[: self.played.fill_budget]:
            missed[account_id].append(day)
        night = next(night for night in self.played.nights if night.day == today)
        for number, start, end in night.asked_again:
            again = missed[self.played.world.accounts[number].account_id]
            again += [day for day in weekdays(start, end) if day not in again]
        return missed

    def vintage_on(self, day: date, answers: list[Report]) -> date | None:
        """The last night on which a report read otherwise than before, or was first asked although a night had passed."""
        found = [newer.asked_on for older, newer in pairwise(answers) if _head(older.pnl) != _head(newer.pnl)]
        first = answers[0].asked_on
        if any(day < night < first for night in self.rosters):
            found.append(first)
        return max(found, default=None)

    def _beside_another_vintage(self, reports: dict[date, list[Report]]) -> set[date]:
        """End dates whose neighbour came to be of a later vintage on a night after they were last asked."""
        vintages = {day: self.vintage_on(day, answers) for day, answers in reports.items()}
        found = set()
        for pair in pairwise(sorted(reports)):
            for day, other in (pair, pair[::-1]):
                vintage = vintages[other]
                if vintage is not None and vintage > reports[day][-1].asked_on:
                    found.add(day)
        return found


def _head(pnl: Pnl) -> tuple[object, ...]:
    """The figures of a report without its items."""
    return (
        pnl.total, pnl.realized, pnl.unrealized, pnl.dividends, pnl.interest, pnl.fees,
        pnl.short_gains, pnl.short_losses, pnl.long_gains, pnl.long_losses,
    )  # fmt: skip
