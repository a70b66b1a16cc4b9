"""Positions night by night. A position whose listed price is not fresh is asked for again, and gives the close then."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

from oracle.compare import Mart, ratio
from oracle.observed import NOT_FRESH, Observed

from sandbox.world.accounts import Account
from sandbox.world.clock import at_close
from sandbox.world.facts import Position
from sandbox.world.instruments import INSTRUMENTS


def position_id(account: Account, position: Position) -> str:
    return position.position_uuid if account.old_style else position.position_id


def held(observed: Observed) -> list[tuple[date, Account, list[Position]]]:
    """Night, account and its positions, for every answered list."""
    ledger, found = observed.played.world.ledger, []
    for day, roster in observed.rosters.items():
        for account in roster:
            if observed.has(day, "positions", account):
                fresh = {row.symbol: row for row in ledger.positions(account.account_id, day)}
                listed = ledger.positions(account.account_id, day, listed=True)
                found.append((day, account, [fresh[r.symbol] if r.confidence in NOT_FRESH else r for r in listed]))
    return found


def positions_daily(observed: Observed) -> Mart:
    rows: Mart = {}
    for day, account, positions in held(observed):
        totals: dict[str, Decimal] = defaultdict(Decimal)
        for position in positions:
            totals[position.currency] += position.value
        for position in positions:
            rows[day, account.account_id, position_id(account, position)] = {
                "symbol": position.symbol,
                "currency": position.currency,
                "quantity": position.quantity,
                "average_cost_basis": position.average_cost,
                "total_cost_basis": position.cost,
                "current_price": position.price,
                "market_value": position.value,
                "unrealized_pl": position.unrealized,
                "unrealized_pl_percent": position.unrealized_percent,
                "weight_percent": ratio(position.value * 100, totals[position.currency]),
                "price_source": price_source(position),
                "price_confidence": "END_OF_DAY",
                "price_timestamp": at_close(position.priced_on),
            }
    return rows


def price_source(position: Position) -> str:
    item = INSTRUMENTS[position.symbol]
    if item.start is None:
        return "ALPACA"
    return "NAYA" if item.currency == "NGN" else "DATABASE"
