"""The ledger's answers about one portfolio: plain frozen values in the portfolio's currency, free of JSON and HTTP."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sandbox.world.exact import CENT, HUNDRED, ZERO, over
from sandbox.world.facts import Analysis, Position


@dataclass(frozen=True)
class Held:
    """A row of the holdings: what the portfolio itself holds of a symbol, and its share of everything with the cash."""

    position: Position
    weight: Decimal


@dataclass(frozen=True)
class Holdings:
    portfolio_id: str
    account_id: str
    currency: str
    priced_on: date
    cash: Decimal
    reserved: Decimal
    rows: tuple[Held, ...]

    @property
    def available(self) -> Decimal:
        return self.cash - self.reserved

    @property
    def positions_value(self) -> Decimal:
        return sum((row.position.value for row in self.rows), ZERO)

    @property
    def total_value(self) -> Decimal:
        return self.positions_value + self.cash

    @property
    def cost(self) -> Decimal:
        return sum((row.position.cost for row in self.rows), ZERO)

    @property
    def unrealized(self) -> Decimal:
        return sum((row.position.unrealized for row in self.rows), ZERO)

    @property
    def unrealized_percent(self) -> Decimal:
        return over(self.unrealized * HUNDRED, self.cost, CENT)


@dataclass(frozen=True)
class Slice:
    """A part of the positions' value (cash left out, as in a rebalancing analysis)."""

    name: str
    value: Decimal
    percent: Decimal


@dataclass(frozen=True)
class Summary:
    holdings: Holdings
    analysis: Analysis
    next_scheduled: date | None
    by_asset_class: tuple[Slice, ...]
    by_sector: tuple[Slice, ...]  # of shares in companies and funds only

    @property
    def unrealized_percent(self) -> Decimal:
        """Of the total value without the gain: another denominator than the holdings have, as in the documents."""
        gain = self.holdings.unrealized
        return over(gain * HUNDRED, self.holdings.total_value - gain, CENT)

    @property
    def max_deviation(self) -> Decimal:
        return max((abs(c.drift) for c in self.analysis.classes), default=ZERO)


@dataclass(frozen=True)
class Risk:
    """In points, but for the two ratios; of daily returns, a year having 252 days."""

    volatility: Decimal
    sharpe: Decimal
    max_drawdown: Decimal  # never positive
    max_drawdown_on: date | None  # the day of the lowest point; None: it never fell
    beta: Decimal


@dataclass(frozen=True)
class Comparison:
    symbol: str
    name: str
    percent: Decimal
    alpha: Decimal
    tracking_error: Decimal


@dataclass(frozen=True)
class Performance:
    """Over [start, end]: from the value at the end of the day before to that of the last day.

    Starting value + contributions - withdrawals + gains is the ending value, to the last digit; dividends, interest
    and fees are parts of the gains.
    """

    portfolio_id: str
    account_id: str
    start: date
    end: date
    starting: Decimal
    ending: Decimal
    contributions: Decimal
    withdrawals: Decimal
    dividends: Decimal
    interest: Decimal
    fees: Decimal
    time_weighted: Decimal
    money_weighted: Decimal
    annualized: Decimal
    risk: Risk
    values: tuple[tuple[date, Decimal], ...]  # the closing value of each trading day of the window
    comparison: Comparison | None

    @property
    def gains(self) -> Decimal:
        return self.ending - self.starting - self.contributions + self.withdrawals
