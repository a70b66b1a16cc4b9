"""What a book earns and pays without trading: interest, dividends and the advisory fee.

Interest and the fee are worked out for the whole account and rounded once; then the purses share them, to the cent.
"""

from datetime import date
from decimal import Decimal

from sandbox.world.accounts import Account
from sandbox.world.books import Book, Purse
from sandbox.world.exact import CENT, ZERO, digest, round_to, split, times
from sandbox.world.instruments import INSTRUMENTS, RATES
from sandbox.world.market import Market

_CASH_RATE_BP, _ADVISORY_FEE_BP = 50, 50


def pay_interest(book: Book) -> None:
    """A month's interest on cash, and the coupons of what is held."""
    cash: dict[str, Decimal] = {}
    earned: dict[str, dict[Purse, Decimal]] = {}
    for purse, amount in book.cash.items():
        cash[purse[1]] = cash.get(purse[1], ZERO) + amount
    for purse, amount in book.cash.items():
        if cash[purse[1]] > 0:
            earned.setdefault(purse[1], {})[purse] = amount * _CASH_RATE_BP
    for (sleeve, symbol), holding in book.holdings.items():
        item = INSTRUMENTS[symbol]
        if item.coupon_bp and holding.quantity > 0:
            purses, mine = earned.setdefault(item.currency, {}), (sleeve, item.currency)
            purses[mine] = purses.get(mine, ZERO) + holding.cost * item.coupon_bp
    for weights in earned.values():
        whole = round_to(sum(weights.values(), ZERO) / 120_000, CENT)
        for purse, part in split(whole, weights).items():
            book.add_interest(purse, part)


def pay_dividends(book: Book, market: Market, day: date) -> None:
    """A quarter's dividend of each stock whose month it is."""
    for key, holding in list(book.holdings.items()):
        symbol = key[1]
        item = INSTRUMENTS[symbol]
        due = item.dividend_bp and day.month % 3 == digest("dividend", symbol) % 3
        if due and holding.quantity:
            value = times(holding.quantity, market.close(symbol, day))
            book.add_dividend(key, round_to(value * item.dividend_bp / 40_000, CENT))


def charge_fee(account: Account, book: Book, market: Market, day: date) -> None:
    """A quarter's fee on everything that is held, in dollars, from the portfolios that have dollars."""
    whole, weights = ZERO, {(p.sleeve, p.currency): ZERO for p in account.portfolios if p.currency == "USD"}
    for (sleeve, symbol), holding in book.holdings.items():
        value = times(holding.quantity, market.close(symbol, day)) * RATES[INSTRUMENTS[symbol].currency]
        whole += value
        if (sleeve, "USD") in weights:
            weights[sleeve, "USD"] += value
    for purse, part in split(round_to(whole * _ADVISORY_FEE_BP / 40_000, CENT), weights).items():
        book.add_fee(purse, part)
