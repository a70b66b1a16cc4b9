"""Lots, cash and running totals of one account: what a trade, a payment or a deposit does to them.

A book is changed only while a history is being written; a `Snapshot` of it never changes. First in, first out; a lot
held for more than 365 days is long term, a short sale never is. Realized gains, income and fees are kept in the
account's own currency, quantities and costs in the instrument's. Each portfolio's sleeve has a purse of its own for
each currency, and what one has earned is kept in that currency.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from sandbox.world.exact import MONEY, WIDE, ZERO, over, times
from sandbox.world.instruments import INSTRUMENTS, RATES

_LONG_TERM_DAYS = 365
Key = tuple[int, str]  # sleeve, symbol
Purse = tuple[int, str]  # sleeve, currency


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
class Earned:
    """Inception-to-date figures of one purse, in its currency; fees positive."""

    dividends: Decimal = ZERO
    interest: Decimal = ZERO
    fees: Decimal = ZERO


@dataclass(frozen=True)
class Movement:
    """Money that came from outside (positive) or left."""

    day: date
    purse: Purse
    amount: Decimal
    kind: str  # deposit, contribution, withdrawal, closing


@dataclass(frozen=True)
class Snapshot:
    day: date
    holdings: dict[Key, Holding]
    symbols: dict[str, Running]
    totals: Totals
    cash: dict[Purse, Decimal]
    earned: dict[Purse, Earned]
    last_rebalanced: dict[int, date]


@dataclass
class Book:
    keep_rows: bool = False
    holdings: dict[Key, Holding] = field(default_factory=dict)
    symbols: dict[str, Running] = field(default_factory=dict)
    totals: Totals = field(default_factory=Totals)
    cash: dict[Purse, Decimal] = field(default_factory=dict)
    earned: dict[Purse, Earned] = field(default_factory=dict)
    last_rebalanced: dict[int, date] = field(default_factory=dict)
    movements: list[Movement] = field(default_factory=list)

    def snapshot(self, day: date) -> Snapshot:
        return Snapshot(
            day,
            dict(self.holdings),
            dict(self.symbols),
            self.totals,
            dict(self.cash),
            dict(self.earned),
            dict(self.last_rebalanced),
        )

    def quantity(self, key: Key) -> Decimal:
        holding = self.holdings.get(key)
        return holding.quantity if holding else ZERO

    def pay(self, purse: Purse, amount: Decimal) -> None:
        self.cash[purse] = self.cash.get(purse, ZERO) + amount

    def move(self, purse: Purse, day: date, amount: Decimal, kind: str) -> None:
        """Money from outside, or (negative) to it."""
        self.pay(purse, amount)
        if amount:
            self.movements.append(Movement(day, purse, amount, kind))

    def add_interest(self, purse: Purse, amount: Decimal) -> None:
        self.pay(purse, amount)
        earned = self.earned.get(purse, Earned())
        self.earned[purse] = replace(earned, interest=earned.interest + amount)
        self.totals = replace(self.totals, interest=self.totals.interest + amount * RATES[purse[1]])

    def add_fee(self, purse: Purse, amount: Decimal) -> None:
        self.pay(purse, -amount)
        earned = self.earned.get(purse, Earned())
        self.earned[purse] = replace(earned, fees=earned.fees + amount)
        self.totals = replace(self.totals, fees=self.totals.fees + amount * RATES[purse[1]])

    def add_dividend(self, key: Key, amount: Decimal) -> None:
        sleeve, symbol = key
        currency = INSTRUMENTS[symbol].currency
        self.pay((sleeve, currency), amount)
        earned = self.earned.get((sleeve, currency), Earned())
        self.earned[sleeve, currency] = replace(earned, dividends=earned.dividends + amount)
        running = self.symbols.get(symbol, Running())
        self.symbols[symbol] = replace(running, dividends=running.dividends + amount * RATES[currency])

    def trade(self, key: Key, day: date, quantity: Decimal, price: Decimal) -> None:
        """Buy (positive) or sell: closes lots of the opposite sign first, then opens one with what is left."""
        symbol = key[1]
        currency = INSTRUMENTS[symbol].currency
        before = self.holdings.get(key)
        self.pay((key[0], currency), -times(quantity, price))
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
