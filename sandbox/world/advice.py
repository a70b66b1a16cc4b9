"""Which clients act upon a rebalancing analysis before the regular rebalancing, on which day, and how much of it.

    analysis of a day -> two trading days -> its trades, in the same quantities or in a part of them

All other accounts wait for their regular rebalancing. What the trades do to the book is history.py's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sandbox.world.accounts import Account
from sandbox.world.exact import WIDE
from sandbox.world.facts import Analysis
from sandbox.world.instruments import INSTRUMENTS
from sandbox.world.market import Market

_DELAY = 2  # trading days from an analysis to its trades


@dataclass(frozen=True)
class Review:
    analysed_on: date
    share: Decimal  # of the quantity of each trade


REVIEWS = {
    "growth": Review(date(2022, 6, 6), Decimal(1)),
    "newcomer": Review(date(2022, 5, 9), Decimal("0.5")),
}


def carried_out_on(market: Market, account: Account) -> date | None:
    review = REVIEWS.get(account.role)
    if review is None or not account.is_open(review.analysed_on):
        return None
    return market.days[market.index(review.analysed_on) + _DELAY]


def orders(analysis: Analysis, review: Review) -> Iterator[tuple[str, Decimal]]:
    """Symbol and signed quantity, sales first: what they bring in pays for the rest."""
    for trade in sorted(analysis.trades, key=lambda trade: trade.action != "sell"):
        quantity = WIDE.quantize(trade.quantity * review.share, INSTRUMENTS[trade.symbol].quantity_step)
        yield trade.symbol, quantity if trade.action == "buy" else -quantity
