"""Lots and running totals of one account: what a trade does to them.

A book is changed only while a history is being written; a `Snapshot` of it never changes. First in, first out; a lot
held for more than 365 days is long term, a short sale never is. Realized gains, income and fees are kept in the
account's own currency, quantities and costs in the instrument's.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from sandbox.world.exact import MONEY, WIDE, ZERO, over, times
from sandbox.world.instruments import INSTRUMENTS, RATES

_LONG_TERM_DAYS = 365
Key = tuple[int, str]  # sleeve, symbol


@dataclass(frozen=True)
class Lot:
    bought_on: date
    quantity: Decimal
    unit_cost: Decimal
    cost: Decimal


@dataclass(frozen=True)
class Holding:
    lots: tuple[Lot, ...]
    quantity: Decimal
    cost: Decimal
    first_on: date
    last_on: date
    # An old-style account keeps a row for what it has sold, with the cost it last had.
    leftover_cost: Decimal = ZERO
    leftover_average: Decimal = ZERO


@dataclass(frozen=True)
class Running:
    """Inception-to-date figures of one symbol."""

    realized: Decimal = ZERO
    dividends: Decimal = ZERO
    bought: Decimal = ZERO


@dataclass(frozen=True)
class Totals:
    """Inception-to-date figures of the account; losses are negative, fees positive."""

    short_gains: Decimal = ZERO
    short_losses: Decimal = ZERO
    long_gains: Decimal = ZERO
    long_losses: Decimal = ZERO
    interest: Decimal = ZERO
    fees: Decimal = ZERO


@dataclass(frozen=True)
class Snapshot:
    day: date
    holdings: dict[Key, Holding]
    symbols: dict[str, Running]
    totals: Totals
    cash: dict[str, Decimal]
    last_rebalanced: dict[int, date]


@dataclass
class Book:
    keep_rows: bool = False
    holdings: dict[Key, Holding] = field(default_factory=dict)
    symbols: dict[str, Running] = field(default_factory=dict)
    totals: Totals = field(default_factory=Totals)
    cash: dict[str, Decimal] = field(default_factory=dict)
    last_rebalanced: dict[int, date] = field(default_factory=dict)

    def snapshot(self, day: date) -> Snapshot:
        return Snapshot(
            day, dict(self.holdings), dict(self.symbols), self.totals, dict(self.cash), dict(self.last_rebalanced)
        )

    def quantity(self, key: Key) -> Decimal:
        holding = self.holdings.get(key)
        return holding.quantity if holding else ZERO

    def pay(self, currency: str, amount: Decimal) -> None:
        self.cash[currency] = self.cash.get(currency, ZERO) + amount

    def add_interest(self, currency: str, amount: Decimal) -> None:
        self.pay(currency, amount)
        self.totals = replace(self.totals, interest=self.totals.interest + amount * RATES[currency])

    def add_fee(self, amount: Decimal) -> None:
        self.pay("USD", -amount)
        self.totals = replace(self.totals, fees=self.totals.fees + amount)

    def add_dividend(self, symbol: str, amount: Decimal) -> None:
        currency = INSTRUMENTS[symbol].currency
        self.pay(currency, amount)
        running = self.symbols.get(symbol, Running())
        self.symbols[symbol] = replace(running, dividends=running.dividends + amount * RATES[currency])

    def trade(self, key: Key, day: date, quantity: Decimal, price: Decimal) -> None:
        """Buy (positive) or sell: closes lots of the opposite sign first, then opens one with what is left."""
        symbol = key[1]
        currency = INSTRUMENTS[symbol].currency
        before = self.holdings.get(key)
        self.pay(currency, -times(quantity, price))
        kept: list[Lot] = []
        for lot in before.lots if before else ():
            if quantity and (lot.quantity > 0) != (quantity > 0):
                part = -quantity if abs(quantity) < abs(lot.quantity) else lot.quantity
                cost = lot.cost if part == lot.quantity else times(part, lot.unit_cost)
                self._realize(symbol, times(part, price) - cost, (day - lot.bought_on).days, short=part < 0)
                quantity += part
                if part != lot.quantity:
                    kept.append(replace(lot, quantity=lot.quantity - part, cost=lot.cost - cost))
            else:
                kept.append(lot)
        if quantity:
            kept.append(Lot(day, quantity, price, times(quantity, price)))
            running = self.symbols.get(symbol, Running())
            spent = abs(times(quantity, price)) * RATES[currency]
            self.symbols[symbol] = replace(running, bought=running.bought + spent)
        self._store(key, day, tuple(kept), before)

    def _store(self, key: Key, day: date, lots: tuple[Lot, ...], before: Holding | None) -> None:
        held = sum((lot.quantity for lot in lots), ZERO)
        first = before.first_on if before else day
        if held:
            cost = sum((lot.cost for lot in lots), ZERO)
            self.holdings[key] = Holding(lots, held, cost, first, day)
        elif self.keep_rows and before:
            average = over(before.cost, before.quantity, Decimal("0.0001"))
            self.holdings[key] = Holding((), ZERO, ZERO, first, day, before.cost, average)
        else:
            self.holdings.pop(key, None)

    def _realize(self, symbol: str, gain: Decimal, days: int, short: bool) -> None:
        gain = WIDE.quantize(gain * RATES[INSTRUMENTS[symbol].currency], MONEY)
        running = self.symbols.get(symbol, Running())
        self.symbols[symbol] = replace(running, realized=running.realized + gain)
        term = "long" if days > _LONG_TERM_DAYS and not short else "short"
        name = f"{term}_{'gains' if gain >= 0 else 'losses'}"
        self.totals = replace(self.totals, **{name: getattr(self.totals, name) + gain})
