"""The ledger: what is true of any account on any day, free of HTTP. The renderers and the tests' oracle both read it.

Every method takes either id of an account, a market day, and (where it matters) `known_at`: the clock time of the
asker, by default the end of that day. Reports are differences of inception-to-date figures, so that daily reports
add up to any window exactly. Rebalancing analyses are in analysis.py.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from sandbox.world.accounts import Account, Portfolio
from sandbox.world.agenda import next_rebalancing
from sandbox.world.analysis import analyse, shown_again
from sandbox.world.books import Holding, Snapshot
from sandbox.world.clock import NEW_YORK, end_of_market_date
from sandbox.world.exact import ZERO, digest, over, times
from sandbox.world.facts import Analysis, Flow, Pnl, Position
from sandbox.world.facts_portfolios import Holdings, Performance, Summary
from sandbox.world.instruments import INSTRUMENTS, RATES
from sandbox.world.performance import performance_of
from sandbox.world.pnl import report, to_date
from sandbox.world.policy import ListedVersion, PolicyVersion, in_force, known_versions
from sandbox.world.portfolios import holdings_of, summary_of
from sandbox.world.registry import Registry

_AVERAGE_STEP = Decimal("1e-10")


class Ledger:
    def __init__(self, world: Registry) -> None:
        self._world = world

    # ------------------------------------------------------------- who is there

    def accounts(self, day: date) -> tuple[Account, ...]:
        """The accounts that the roster lists on `day`, in its order."""
        return tuple(account for account in self._world.accounts if account.is_open(day))

    def portfolios(self, account_id: str, day: date) -> tuple[Portfolio, ...]:
        account = self._account(account_id)
        return account.portfolios if account.is_open(day) else ()

    # ------------------------------------------------------------- what it holds

    def positions(self, account_id: str, day: date, *, listed: bool = False) -> tuple[Position, ...]:
        """The rows of an account by symbol; `listed`: as a list with refreshed prices shows them, a few stale."""
        account = self._account(account_id)
        snapshot = self._snapshot(account, day)
        if snapshot is None:
            return ()
        by_symbol: dict[str, list[Holding]] = {}
        for (_, symbol), holding in snapshot.holdings.items():
            by_symbol.setdefault(symbol, []).append(holding)
        return tuple(self._position(account, symbol, held, day, listed) for symbol, held in sorted(by_symbol.items()))

    def cash(self, account_id: str, day: date) -> dict[str, Decimal]:
        snapshot, cash = self._snapshot(self._account(account_id), day), dict[str, Decimal]()
        for (_, currency), amount in snapshot.cash.items() if snapshot else ():
            cash[currency] = cash.get(currency, ZERO) + amount
        return cash

    def equity(self, account_id: str, day: date) -> Decimal:
        """Cash and positions in the account's own currency."""
        snapshot = self._snapshot(self._account(account_id), day)
        if snapshot is None:
            return ZERO
        index, closes = self._world.market.index(day), self._world.market.closes
        values = (
            times(holding.quantity, closes(symbol)[index]) * RATES[INSTRUMENTS[symbol].currency]
            for (_, symbol), holding in snapshot.holdings.items()
        )
        return sum(values, sum((amount * RATES[c] for (_, c), amount in snapshot.cash.items()), ZERO))

    # ------------------------------------------------------------- what it earned

    def pnl(
        self, account_id: str, start: date, end: date, *, known_at: datetime | None = None, realized_only: bool = False
    ) -> Pnl:
        """The report over [start, end], with the corrections known by then."""
        account = self._account(account_id)
        known = known_at or end_of_market_date(end)
        eve = start - timedelta(days=1)
        corrections = [
            c for c in self._world.corrections if c.account_number == account.number and c.applies(start, end, known)
        ]
        return report(
            account,
            (start, end),
            to_date(account, self._snapshot(account, eve), self._world.market, eve),
            to_date(account, self._snapshot(account, end), self._world.market, end),
            corrections,
            realized_only,
        )

    # ------------------------------------------------------------- what it should hold

    def policy_versions(self, account_id: str, known_at: datetime) -> tuple[ListedVersion, ...]:
        """Every version visible at that time, with the status it then has."""
        return known_versions(self._world.versions(self._account(account_id)), known_at)

    def policy_in_force(self, account_id: str, day: date, known_at: datetime | None = None) -> PolicyVersion | None:
        versions = self._world.versions(self._account(account_id))
        return in_force(versions, day, known_at or end_of_market_date(day))

    def drift(self, portfolio_id: str, day: date, known_at: datetime | None = None) -> Analysis:
        """The rebalancing analysis that the API would give on `day`: for some, the one of the trading day before."""
        account, portfolio = self._portfolio(portfolio_id)
        made = shown_again(account, self._world.market, day)
        if made:
            day = made.astimezone(NEW_YORK).date()
        policy = self.policy_in_force(account.account_id, day, made or known_at)
        analysis = analyse(account, portfolio, self._snapshot(account, day), policy, self._world.market, day)
        return replace(analysis, analysed_at=made)

    # ------------------------------------------------------------- one portfolio

    def holdings(self, portfolio_id: str, day: date) -> Holdings:
        """What the portfolio itself holds and the cash in its purse; a symbol that it has sold out is left out."""
        account, portfolio = self._portfolio(portfolio_id)
        snapshot, market = self._snapshot(account, day), self._world.market
        rows = [
            self._position(account, symbol, [holding], day, listed=False)
            for (sleeve, symbol), holding in sorted(snapshot.holdings.items() if snapshot else ())
            if sleeve == portfolio.sleeve and holding.quantity
        ]
        return holdings_of(account, portfolio, snapshot, rows, market.days[market.index(day)])

    def summary(self, portfolio_id: str, day: date, known_at: datetime | None = None) -> Summary:
        """Value and spread of the portfolio; its state of rebalancing is what `drift` says."""
        account, _ = self._portfolio(portfolio_id)
        policy = self.policy_in_force(account.account_id, day, known_at)
        following = next_rebalancing(self._world.market, account, policy, day) if policy else None
        return summary_of(account, self.holdings(portfolio_id, day), self.drift(portfolio_id, day, known_at), following)

    def performance(self, portfolio_id: str, start: date, end: date, benchmark: str | None = None) -> Performance:
        """How the portfolio did from the close before `start` to the close of `end`."""
        account, portfolio = self._portfolio(portfolio_id)
        history = self._world.history(account)
        return performance_of(account, portfolio, history, self._world.market, (start, end), benchmark)

    # ------------------------------------------------------------- what came and went

    def flows(self, account_id: str, start: date, end: date) -> tuple[Flow, ...]:
        """Deposits, contributions and withdrawals of [start, end], and what a closing account is paid out."""
        account = self._account(account_id)
        ids = {p.sleeve: p.portfolio_id for p in account.portfolios}
        moved = self._world.history(account).movements(start, end)
        return tuple(Flow(m.day, ids.get(m.purse[0]), m.purse[1], m.amount, m.kind) for m in moved)

    # ------------------------------------------------------------- inside

    def _portfolio(self, portfolio_id: str) -> tuple[Account, Portfolio]:
        found = self._world.portfolio(portfolio_id)
        if found is None:
            raise KeyError(f"no portfolio {portfolio_id}")
        return found

    def _account(self, account_id: str) -> Account:
        account = self._world.account(account_id)
        if account is None:
            raise KeyError(f"no account {account_id}")
        return account

    def _snapshot(self, account: Account, day: date) -> Snapshot | None:
        return self._world.history(account).at(day) if account.is_open(day) else None

    def _position(self, account: Account, symbol: str, held: list[Holding], day: date, listed: bool) -> Position:
        market = self._world.market
        index, confidence = market.index(day), "END_OF_DAY"
        one_in = self._world.options.stale_one_in
        if listed and one_in:
            lot = digest(self._world.seed, account.number, "stale", symbol, day) % one_in
            if lot < 2:
                index, confidence = max(index - 3 + 2 * lot, 0), ("STALE", "UNAVAILABLE")[lot]
        quantity, cost = sum((h.quantity for h in held), ZERO), sum((h.cost for h in held), ZERO)
        sold_out = not quantity
        return Position(
            position_id=self._world.position_id(account, symbol),
            position_uuid=self._world.position_uuid(account, symbol),
            symbol=symbol,
            asset_class=account.asset_class(symbol),
            currency=INSTRUMENTS[symbol].currency,
            quantity=quantity,
            average_cost=held[0].leftover_average if sold_out else over(cost, quantity, _AVERAGE_STEP),
            cost=held[0].leftover_cost if sold_out else cost,
            price=market.closes(symbol)[index],
            priced_on=market.days[index],
            opened_on=min(h.first_on for h in held),
            last_traded_on=max(h.last_on for h in held),
            confidence=confidence,
            sold_out=sold_out,
        )
