"""P&L reports: differences of inception-to-date figures, with corrections laid over them.

    snapshot + closes -> figures to date;  figures(end) - figures(eve of start) + corrections -> report

The rows by symbol and by asset class are parts of the totals: they add up exactly. No look-ups here; the ledger
brings everything.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from sandbox.world.accounts import Account
from sandbox.world.amendments import Correction
from sandbox.world.books import Running, Snapshot, Totals
from sandbox.world.exact import CENT, HUNDRED, ZERO, over, times
from sandbox.world.facts import ClassPnl, Pnl, SymbolPnl
from sandbox.world.instruments import INSTRUMENTS, RATES
from sandbox.world.market import Market


@dataclass
class ToDate:
    """From the opening to the end of one day, in the account's currency."""

    symbols: dict[str, Running] = field(default_factory=dict)
    unrealized: dict[str, Decimal] = field(default_factory=dict)
    values: dict[str, Decimal] = field(default_factory=dict)
    totals: Totals = field(default_factory=Totals)


def to_date(account: Account, snapshot: Snapshot | None, market: Market, day: date) -> ToDate:
    if snapshot is None:
        return ToDate()
    figures, index = ToDate(symbols=snapshot.symbols, totals=snapshot.totals), market.index(day)
    for (_, symbol), holding in snapshot.holdings.items():
        rate = RATES[INSTRUMENTS[symbol].currency]
        value = times(holding.quantity, market.closes(symbol)[index])
        figures.unrealized[symbol] = figures.unrealized.get(symbol, ZERO) + (value - holding.cost) * rate
        figures.values[symbol] = figures.values.get(symbol, ZERO) + abs(value) * rate
    return figures


def report(
    account: Account,
    window: tuple[date, date],
    before: ToDate,
    after: ToDate,
    corrections: Iterable[Correction],
    realized_only: bool,
) -> Pnl:
    rows = {symbol: _row(account, symbol, before, after) for symbol in after.symbols}
    totals = _minus(after.totals, before.totals)
    for correction in corrections:
        totals = _corrected_totals(totals, correction)
        if correction.symbol:
            row = rows.get(correction.symbol) or _row(account, correction.symbol, before, after)
            rows[correction.symbol] = _corrected_row(row, correction)
    dividends = sum((row.dividends for row in rows.values()), ZERO)
    shown = [row for _, row in sorted(rows.items()) if row.realized or row.unrealized or row.dividends or row.base]
    if realized_only:
        # Undocumented in the API; here: unrealized figures are zero, and rows without a realized one are left out.
        shown = [replace(row, unrealized=ZERO) for row in shown if row.realized]
    return Pnl(
        account_id=account.account_id,
        start=window[0],
        end=window[1],
        realized=sum((row.realized for row in shown), ZERO),
        unrealized=sum((row.unrealized for row in shown), ZERO),
        dividends=dividends,
        interest=totals.interest,
        fees=totals.fees,
        short_gains=totals.short_gains,
        short_losses=totals.short_losses,
        long_gains=totals.long_gains,
        long_losses=totals.long_losses,
        by_position=tuple(shown),
        by_asset_class=_by_class(shown),
    )


def _row(account: Account, symbol: str, before: ToDate, after: ToDate) -> SymbolPnl:
    old, new = before.symbols.get(symbol, Running()), after.symbols.get(symbol, Running())
    return SymbolPnl(
        symbol=symbol,
        asset_class=account.asset_class(symbol),
        realized=new.realized - old.realized,
        unrealized=after.unrealized.get(symbol, ZERO) - before.unrealized.get(symbol, ZERO),
        dividends=new.dividends - old.dividends,
        base=before.values.get(symbol, ZERO) + new.bought - old.bought,
    )


def _minus(after: Totals, before: Totals) -> Totals:
    return Totals(
        short_gains=after.short_gains - before.short_gains,
        short_losses=after.short_losses - before.short_losses,
        long_gains=after.long_gains - before.long_gains,
        long_losses=after.long_losses - before.long_losses,
        interest=after.interest - before.interest,
        fees=after.fees - before.fees,
    )


def _corrected_totals(totals: Totals, correction: Correction) -> Totals:
    amount = correction.amount
    if correction.measure == "interest_income":
        return replace(totals, interest=totals.interest + amount)
    if correction.measure == "fees_paid":
        return replace(totals, fees=totals.fees + amount)
    if correction.measure == "realized_pnl" and amount >= 0:
        return replace(totals, short_gains=totals.short_gains + amount)
    if correction.measure == "realized_pnl":
        return replace(totals, short_losses=totals.short_losses + amount)
    return totals


def _corrected_row(row: SymbolPnl, correction: Correction) -> SymbolPnl:
    if correction.measure == "realized_pnl":
        return replace(row, realized=row.realized + correction.amount)
    if correction.measure == "unrealized_pnl":
        return replace(row, unrealized=row.unrealized + correction.amount)
    return replace(row, dividends=row.dividends + correction.amount)


def _by_class(rows: list[SymbolPnl]) -> tuple[ClassPnl, ...]:
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for row in rows:
        pnl, base = sums.get(row.asset_class, (ZERO, ZERO))
        sums[row.asset_class] = pnl + row.realized + row.unrealized, base + row.base
    return tuple(ClassPnl(name, pnl, over(pnl * HUNDRED, base, CENT)) for name, (pnl, base) in sorted(sums.items()))
