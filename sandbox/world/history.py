"""What happens to one account from its opening to the last day of prices, as snapshots of its book.

    agenda of events -> book -> snapshot per day on which something changed

Written once per account and then only read: any later question is a bisection and a few products. Events follow the
policy as it was known at the time, so registering a late version never changes the past. No reports here; the days
are agenda.py's, interest and fees income.py's.
"""

from bisect import bisect_right
from datetime import date
from decimal import Decimal
from operator import attrgetter

from sandbox.world.accounts import STRAYS, Account, symbols_for
from sandbox.world.advice import REVIEWS, orders
from sandbox.world.agenda import events, rebalances_in
from sandbox.world.analysis import analyse
from sandbox.world.books import Book, Movement, Purse, Snapshot
from sandbox.world.clock import at_close, end_of_market_date
from sandbox.world.exact import HUNDRED, WIDE, ZERO, pick, round_to, times
from sandbox.world.income import charge_fee, pay_dividends, pay_interest
from sandbox.world.instruments import INSTRUMENTS
from sandbox.world.market import Market
from sandbox.world.policy import PolicyVersion, in_force

_DAY = attrgetter("day")
_BUFFER = Decimal("0.97")  # the share of a deposit that is invested; fees come out of the rest
_SMALLEST_TRADE = 25
_COMMISSION = Decimal("0.35")
_NAIRA_PER_DOLLAR = 400
_WITHDRAWN, _MONTHLY = Decimal("0.08"), Decimal("0.025")  # of what is held; of the first deposit
_OWN: Purse = (0, "USD")  # the purse of a client without portfolios, and of the first portfolio of all others


class History:
    def __init__(self, account: Account, versions: tuple[PolicyVersion, ...], market: Market, seed: str) -> None:
        self._account, self._versions, self._market, self._seed = account, versions, market, seed
        self._book = Book(keep_rows=account.old_style)
        self._turns: dict[int, int] = {}
        self.snapshots: list[Snapshot] = []
        self._write()

    def at(self, day: date) -> Snapshot | None:
        """The book at the end of `day`; None before the account opened."""
        found = bisect_right(self.snapshots, day, key=_DAY)
        return self.snapshots[found - 1] if found else None

    def movements(self, start: date, end: date) -> list[Movement]:
        """The money that came from outside or left in [start, end]."""
        return [movement for movement in self._book.movements if start <= movement.day <= end]

    def _write(self) -> None:
        account, market = self._account, self._market
        end = min(account.closes or market.last, market.last)
        self._open(account.opened)
        self._snap(account.opened)
        for day, kinds in events(market, account, end).items():
            for kind in kinds:
                self._on(day, kind)
            self._snap(day)
        if account.closes and account.closes <= market.last:
            self._close(account.closes)
            self._snap(account.closes)

    def _snap(self, day: date) -> None:
        if self.snapshots and self.snapshots[-1].day == day:
            self.snapshots.pop()
        self.snapshots.append(self._book.snapshot(day))

    def _price(self, symbol: str, day: date) -> Decimal:
        return self._market.close(symbol, day)

    def _values(self, sleeve: int, day: date) -> dict[str, Decimal]:
        held = ((symbol, h.quantity) for (place, symbol), h in self._book.holdings.items() if place == sleeve)
        return {symbol: times(quantity, self._price(symbol, day)) for symbol, quantity in held}

    # -------------------------------------------------------------- events

    def _open(self, day: date) -> None:
        account, book = self._account, self._book
        dollars = [p for p in account.portfolios if p.currency == "USD"]
        for portfolio in dollars:
            book.move((portfolio.sleeve, "USD"), day, account.deposit / len(dollars), "deposit")
        if account.portfolios:
            for portfolio in account.portfolios:
                if portfolio.currency == "NGN":
                    book.move((portfolio.sleeve, "NGN"), day, account.deposit * _NAIRA_PER_DOLLAR, "deposit")
                self._rebalance(portfolio.sleeve, day, account.deposit / len(account.portfolios))
            stray = STRAYS.get(account.role)
            if stray:
                self._buy_for(0, stray, day, account.deposit / 60)
            return
        book.move(_OWN, day, account.deposit, "deposit")
        if account.deposit:
            for symbol in account.stocks[:5]:
                self._buy_for(0, symbol, day, account.deposit * _BUFFER / 6)
            if account.role == "short":
                self._buy_for(0, account.stocks[6], day, -account.deposit / 10)
                book.move((0, "EUR"), day, account.deposit / 5, "deposit")
                self._buy_for(0, "SBX-EU-FUND", day, account.deposit / 6)

    def _on(self, day: date, kind: str) -> None:
        account = self._account
        if kind == "interest":
            pay_interest(self._book)
        elif kind == "dividends":
            pay_dividends(self._book, self._market, day)
        elif kind == "contribution":
            self._contribute(day)
        elif kind == "withdrawal":
            self._withdraw(day)
        elif kind == "advice":
            self._follow_advice(day)
        elif not account.portfolios:
            self._trade_freely(day)
        else:
            policy = in_force(self._versions, day, at_close(day))
            if policy and rebalances_in(day.month, policy):
                for portfolio in account.portfolios:
                    self._rebalance(portfolio.sleeve, day, None)
            if day.month % 3 == 1:
                charge_fee(account, self._book, self._market, day)

    def _contribute(self, day: date) -> None:
        """The monthly amount, invested in what is held already and in the same shares."""
        values, amount = self._values(0, day), self._account.deposit * _MONTHLY
        self._book.move(_OWN, day, amount, "contribution")
        for symbol, value in values.items():
            self._buy_for(0, symbol, day, amount * _BUFFER * value / sum(values.values()))

    def _withdraw(self, day: date) -> None:
        """Paid by the largest holdings alone, so that their classes shrink and all others grow in share."""
        values = self._values(0, day)
        amount = left = round_to(sum(values.values(), ZERO) * _WITHDRAWN / HUNDRED, Decimal(1)) * HUNDRED
        for symbol in sorted(values, key=lambda symbol: (-values[symbol], symbol)):
            if left > 0:
                quantity, price = _units(symbol, left, self._price(symbol, day))
                sold = min(quantity + INSTRUMENTS[symbol].quantity_step, self._book.quantity((0, symbol)))
                self._book.trade((0, symbol), day, -sold, price)
                left -= times(sold, price)
        self._book.move(_OWN, day, -amount, "withdrawal")

    def _follow_advice(self, day: date) -> None:
        """The trades of the analysis that was seen two trading days ago, where holdings and cash still allow them."""
        account, book, review = self._account, self._book, REVIEWS[self._account.role]
        seen = review.analysed_on
        policy = in_force(self._versions, seen, end_of_market_date(seen))
        for portfolio in account.portfolios:
            purse, whole = (portfolio.sleeve, portfolio.currency), review.share == 1
            analysis = analyse(account, portfolio, self.at(seen), policy, self._market, seen)
            for symbol, quantity in orders(analysis, review):
                key, price = (portfolio.sleeve, symbol), self._price(symbol, day)
                if -quantity <= book.quantity(key) and times(quantity, price) <= max(book.cash[purse], ZERO):
                    book.trade(key, day, quantity, price)
                else:
                    whole = False
            if whole and analysis.trades:
                book.last_rebalanced[portfolio.sleeve] = day

    def _trade_freely(self, day: date) -> None:
        """A self-directed client sells one thing out, trims another or buys a new one; a short and euros are kept."""
        account, book = self._account, self._book
        held = [key for key, h in book.holdings.items() if h.quantity > 0 and INSTRUMENTS[key[1]].currency == "USD"]
        if account.suspended or not held:
            return
        choice = pick(0, 3, self._seed, account.number, "trade", day)
        key = held[pick(0, len(held) - 1, self._seed, account.number, "which", day)]
        if choice == 0 and len(held) > 2:
            book.trade(key, day, -book.quantity(key), self._price(key[1], day))
        elif choice == 1:
            part = round_to(book.quantity(key) / 3, INSTRUMENTS[key[1]].quantity_step)
            if part:
                book.trade(key, day, -part, self._price(key[1], day))
        else:
            symbol = account.stocks[pick(0, 19, self._seed, account.number, "new", day)]
            if book.quantity((0, symbol)) >= 0 and book.cash[_OWN] > 1000:
                self._buy_for(0, symbol, day, book.cash[_OWN] / 2)
        book.add_fee(_OWN, _COMMISSION)

    def _close(self, day: date) -> None:
        for key, holding in list(self._book.holdings.items()):
            if holding.quantity:
                self._book.trade(key, day, -holding.quantity, self._price(key[1], day))
        for purse, cash in list(self._book.cash.items()):
            self._book.move(purse, day, -cash, "closing")

    # --------------------------------------------------------- rebalancing

    def _buy_for(self, sleeve: int, symbol: str, day: date, amount: Decimal) -> None:
        self._book.trade((sleeve, symbol), day, *_units(symbol, amount, self._price(symbol, day)))

    def _rebalance(self, sleeve: int, day: date, deposit: Decimal | None) -> None:
        """To the targets of the policy in force, class by class, evenly within one; a sleeve spends its own money."""
        account, book = self._account, self._book
        policy = in_force(self._versions, day, at_close(day))
        if policy is None:
            return
        currency = account.portfolios[sleeve].currency
        turn = self._turns[sleeve] = self._turns.get(sleeve, -1) + 1
        model = symbols_for(account, sleeve, turn)
        stray = STRAYS.get(account.role)
        mine = [key for key in book.holdings if key[0] == sleeve and key[1] != stray]
        if deposit is not None:
            total = deposit * _BUFFER * (_NAIRA_PER_DOLLAR if currency == "NGN" else 1)
        else:
            total = sum((times(book.quantity(key), self._price(key[1], day)) for key in mine), ZERO)
        wanted: dict[str, Decimal] = {}
        shares = {t.asset_class: t.target for t in policy.targets if t.asset_class in model and t.target}
        for asset_class, share in shares.items():
            for symbol in model[asset_class]:
                wanted[symbol] = total * share / sum(shares.values()) / len(model[asset_class])
        # Sales first, so that cash does not dip for a reason that no real account has.
        moves = []
        for symbol in dict.fromkeys((*(key[1] for key in mine), *wanted)):
            target, price = _units(symbol, wanted.get(symbol, ZERO), self._price(symbol, day))
            change = target - book.quantity((sleeve, symbol))
            if symbol not in wanted or abs(times(change, price)) >= _SMALLEST_TRADE:
                moves.append((change, symbol, price))
        for change, symbol, price in sorted(moves, key=lambda move: move[0] > 0):
            if change:
                book.trade((sleeve, symbol), day, change, price)
        book.last_rebalanced[sleeve] = day


def _units(symbol: str, amount: Decimal, price: Decimal) -> tuple[Decimal, Decimal]:
    return WIDE.quantize(WIDE.divide(amount, price), INSTRUMENTS[symbol].quantity_step), price
