"""The answers of the ledger: plain frozen values, free of JSON and HTTP."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sandbox.world.exact import HUNDRED, ZERO, over, times


@dataclass(frozen=True)
class Position:
    """One row of an account's positions; figures in the instrument's currency."""

    position_id: str
    position_uuid: str
    symbol: str
    asset_class: str
    currency: str
    quantity: Decimal
    average_cost: Decimal
    cost: Decimal
    price: Decimal
    priced_on: date
    opened_on: date
    last_traded_on: date
    confidence: str = "END_OF_DAY"
    sold_out: bool = False  # an old-style row: quantity 0, yet with the cost it last had

    @property
    def value(self) -> Decimal:
        return times(self.quantity, self.price)

    @property
    def unrealized(self) -> Decimal:
        return ZERO if self.sold_out else self.value - self.cost

    @property
    def unrealized_percent(self) -> Decimal:
        return over(self.unrealized * HUNDRED, abs(self.cost), Decimal("0.01"))


@dataclass(frozen=True)
class SymbolPnl:
    symbol: str
    asset_class: str
    realized: Decimal
    unrealized: Decimal
    dividends: Decimal
    base: Decimal  # value at the start of the window and what was bought in it: what pnl_percent divides by


@dataclass(frozen=True)
class ClassPnl:
    asset_class: str
    pnl: Decimal
    pnl_percent: Decimal


@dataclass(frozen=True)
class Pnl:
    """A report over [start, end]: flows of the window, and the change of unrealized over it."""

    account_id: str
    start: date
    end: date
    realized: Decimal
    unrealized: Decimal
    dividends: Decimal
    interest: Decimal
    fees: Decimal
    short_gains: Decimal
    short_losses: Decimal
    long_gains: Decimal
    long_losses: Decimal
    by_position: tuple[SymbolPnl, ...]
    by_asset_class: tuple[ClassPnl, ...]

    @property
    def total(self) -> Decimal:
        return self.realized + self.unrealized


@dataclass(frozen=True)
class ClassDrift:
    asset_class: str
    target: Decimal
    actual: Decimal
    low: Decimal | None  # None: the policy in force does not name the class
    high: Decimal | None

    @property
    def drift(self) -> Decimal:
        return self.actual - self.target

    @property
    def outside(self) -> bool:
        return self.low is not None and self.high is not None and not self.low <= self.actual <= self.high


@dataclass(frozen=True)
class Trade:
    action: str
    symbol: str
    asset_class: str
    quantity: Decimal
    notional: Decimal
    reason: str


@dataclass(frozen=True)
class Flow:
    """Money that a client brought (positive) or took out (negative), in its own currency."""

    day: date
    portfolio_id: str | None  # None: an account without portfolios
    currency: str
    amount: Decimal
    kind: str  # deposit, contribution, withdrawal, closing


@dataclass(frozen=True)
class Analysis:
    """The rebalancing analysis of one portfolio on one day."""

    portfolio_id: str
    account_id: str
    currency: str
    day: date
    policy_version: int | None
    threshold: Decimal | None
    classes: tuple[ClassDrift, ...]
    reason: str | None  # None: nothing is due
    trades: tuple[Trade, ...]
    short_term_gains: Decimal
    long_term_gains: Decimal
    harvestable_losses: Decimal
    last_rebalanced_at: datetime | None
    analysed_at: datetime | None = None  # an analysis of an earlier day, shown again; None: made when asked for

    @property
    def needs_rebalancing(self) -> bool:
        return self.reason is not None
