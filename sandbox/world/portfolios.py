"""What one portfolio holds and how that is spread: the sleeve of an account's book, with its own purse.

    snapshot + rows -> Holdings;  Holdings + analysis -> Summary

Look-ups are the ledger's: everything comes in as arguments.
"""

from datetime import date
from decimal import Decimal

from sandbox.world.accounts import Account, Portfolio
from sandbox.world.books import Snapshot
from sandbox.world.exact import CENT, HUNDRED, ZERO, over, percentages, round_to
from sandbox.world.facts import Analysis, Position
from sandbox.world.facts_portfolios import Held, Holdings, Slice, Summary
from sandbox.world.instruments import INSTRUMENTS

_WITH_SECTORS = ("equity", "etf", "mutual_fund", "real_estate")


def holdings_of(
    account: Account, portfolio: Portfolio, snapshot: Snapshot | None, rows: list[Position], priced_on: date
) -> Holdings:
    cash = snapshot.cash.get((portfolio.sleeve, portfolio.currency), ZERO) if snapshot else ZERO
    total = sum((row.value for row in rows), cash)
    # Some accounts have a tenth of their cash set aside for orders and fees to come.
    reserved = round_to(max(cash, ZERO) / 10, CENT) if account.number % 4 == 1 else ZERO
    return Holdings(
        portfolio_id=portfolio.portfolio_id,
        account_id=account.account_id,
        currency=portfolio.currency,
        priced_on=priced_on,
        cash=cash,
        reserved=reserved,
        rows=tuple(Held(row, over(row.value * HUNDRED, total, CENT)) for row in rows),
    )


def summary_of(account: Account, holdings: Holdings, analysis: Analysis, next_scheduled: date | None) -> Summary:
    classes: dict[str, Decimal] = {}
    sectors: dict[str, Decimal] = {}
    for row in (held.position for held in holdings.rows):
        item = INSTRUMENTS[row.symbol]
        classes[row.asset_class] = classes.get(row.asset_class, ZERO) + row.value
        if item.kind in _WITH_SECTORS:
            sectors[item.sector] = sectors.get(item.sector, ZERO) + row.value
    shares, whole = percentages(classes, account.percent_step) if classes else {}, holdings.positions_value
    return Summary(
        holdings=holdings,
        analysis=analysis,
        next_scheduled=next_scheduled,
        by_asset_class=tuple(Slice(name, value, shares[name]) for name, value in sorted(classes.items())),
        by_sector=tuple(Slice(name, value, over(value * HUNDRED, whole, CENT)) for name, value in sorted(sectors.items())),
    )
