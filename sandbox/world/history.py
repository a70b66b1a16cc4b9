"""What happens to one account from its opening to the last day of prices, as snapshots of its book.

    calendar of events -> book -> snapshot per day on which something changed

Written once per account and then only read: any later question is a bisection and a few products. Events follow the
policy as it was known at the time, so registering a late version never changes the past. No reports here.
"""

from bisect import bisect_right
from datetime import date, timedelta
from decimal import Decimal
from operator import attrgetter

from sandbox.world.accounts import STRAYS, Account, symbols_for
from sandbox.world.books import Book, Snapshot
from sandbox.world.clock import at_close
from sandbox.world.exact import CENT, WIDE, ZERO, digest, pick, round_to, times
from sandbox.world.instruments import INSTRUMENTS, RATES
from sandbox.world.market import Market
from sandbox.world.policy import PolicyVersion, in_force

_DAY = attrgetter("day")
_PERIODS = {"quarterly": 3, "semi_annual": 6, "annual": 12}
_BUFFER = Decimal("0.97")  # the share of a deposit that is invested; fees come out of the rest
_SMALLEST_TRADE = 25
_CASH_RATE_BP, _ADVISORY_FEE_BP = 50, 50
_COMMISSION = Decimal("0.35")
_NAIRA_PER_DOLLAR = 400


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

    def _write(self) -> None:
        account, market = self._account, self._market
        end = min(account.closes or market.last, market.last)
        self._open(account.opened)
        self._snap(account.opened)
        for day in _first_trading_days(market, account, end):
            if day > account.opened:
                self._on(day)
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

    # -------------------------------------------------------------- events

    def _open(self, day: date) -> None:
        account, book = self._account, self._book
        book.pay("USD", account.deposit)
        if account.portfolios:
            for portfolio in account.portfolios:
                if portfolio.currency == "NGN":
                    book.pay("NGN", account.deposit * _NAIRA_PER_DOLLAR)
                self._rebalance(portfolio.sleeve, day, account.deposit / len(account.portfolios))
            stray = STRAYS.get(account.role)
            if stray:
                self._buy_for(0, stray, day, account.deposit / 60)
        elif account.deposit:
            for symbol in account.stocks[:5]:
                self._buy_for(0, symbol, day, account.deposit * _BUFFER / 6)
            if account.role == "short":
                self._buy_for(0, account.stocks[6], day, -account.deposit / 10)
                book.pay("EUR", account.deposit / 5)
                self._buy_for(0, "SBX-EU-FUND", day, account.deposit / 6)

    def _on(self, day: date) -> None:
        account, month = self._account, day.month
        kind = _kind(self._market, account, day)
        if kind == "first":
            self._interest(day)
        elif kind == "dividends":
            self._dividends(day)
        elif not account.portfolios:
            self._trade_freely(day)
        else:
            policy = in_force(self._versions, day, at_close(day))
            if policy and month % _PERIODS[policy.frequency] == 1 % _PERIODS[policy.frequency]:
                for portfolio in account.portfolios:
                    self._rebalance(portfolio.sleeve, day, None)
            if month % 3 == 1:
                self._advisory_fee(day)

    def _interest(self, day: date) -> None:
        earned: dict[str, Decimal] = {}
        for currency, cash in self._book.cash.items():
            if cash > 0:
                earned[currency] = cash * _CASH_RATE_BP
        for (_, symbol), holding in self._book.holdings.items():
            item = INSTRUMENTS[symbol]
            if item.coupon_bp and holding.quantity > 0:
                earned[item.currency] = earned.get(item.currency, ZERO) + holding.cost * item.coupon_bp
        for currency, basis_points in earned.items():
            self._book.add_interest(currency, round_to(basis_points / 120_000, CENT))

    def _dividends(self, day: date) -> None:
        for (_, symbol), holding in list(self._book.holdings.items()):
            item = INSTRUMENTS[symbol]
            due = item.dividend_bp and day.month % 3 == digest("dividend", symbol) % 3
            if due and holding.quantity:
                value = times(holding.quantity, self._price(symbol, day))
                self._book.add_dividend(symbol, round_to(value * item.dividend_bp / 40_000, CENT))

    def _advisory_fee(self, day: date) -> None:
        values = (
            times(h.quantity, self._price(symbol, day)) * RATES[INSTRUMENTS[symbol].currency]
            for (_, symbol), h in self._book.holdings.items()
        )
        value = sum(values, ZERO)
        self._book.add_fee(round_to(value * _ADVISORY_FEE_BP / 40_000, CENT))

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
            if book.quantity((0, symbol)) >= 0 and book.cash.get("USD", ZERO) > 1000:
                self._buy_for(0, symbol, day, book.cash["USD"] / 2)
        book.add_fee(_COMMISSION)

    def _close(self, day: date) -> None:
        for key, holding in list(self._book.holdings.items()):
            if holding.quantity:
                self._book.trade(key, day, -holding.quantity, self._price(key[1], day))
        self._book.cash = dict.fromkeys(self._book.cash, ZERO)

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


def _marks(account: Account) -> dict[str, int]:
    """The days of the month on (or after) which things happen; they differ between accounts, as real ones do."""
    return {"first": 1, "rebalance": 5 + account.number % 7, "dividends": 16 + account.number % 5}


def _first_trading_days(market: Market, account: Account, end: date) -> list[date]:
    days: set[date] = set()
    month = account.opened.replace(day=1)
    while month <= end:
        days.update(market.next_trading_day(month.replace(day=mark)) for mark in _marks(account).values())
        month = (month + timedelta(days=32)).replace(day=1)
    return sorted(day for day in days if day < end)


def _kind(market: Market, account: Account, day: date) -> str:
    for kind, mark in _marks(account).items():
        if market.next_trading_day(day.replace(day=mark)) == day:
            return kind
    return "rebalance"
