"""What becomes known later than it was true: corrections of reports, and policy versions that arrive late.

Both name the clock time from which they show and the day from which they hold, so the same question gets another
answer later, and the same two answers in every run. Registration is the world's; applying them is the ledger's.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from sandbox.world.policy import Extras, PolicyVersion, targets

MEASURES = ("realized_pnl", "unrealized_pnl", "dividend_income", "interest_income", "fees_paid")


@dataclass(frozen=True)
class Correction:
    """From `known_at` on, every report whose window holds `day` differs by `amount` in `measure`.

    A report from the account's opening to any end date on or after `day` therefore moves as a whole. What belongs to
    a symbol (all but interest and fees) moves that symbol's row and its asset class too: the parts stay consistent.
    """

    account_number: int
    measure: str
    amount: Decimal
    day: date
    known_at: datetime
    symbol: str | None = None

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise ValueError(f"unknown measure {self.measure!r}: one of {', '.join(MEASURES)}")

    def applies(self, start: date, end: date, known_at: datetime) -> bool:
        return self.known_at <= known_at and start <= self.day <= end


@dataclass(frozen=True)
class LateVersion:
    account_number: int
    policy: PolicyVersion


SCRIPT_CORRECTION = Correction(
    0, "realized_pnl", Decimal("-137.25"), date(2022, 5, 10), datetime(2022, 5, 24, 18, 0, tzinfo=UTC)
)
SCRIPT_DIVIDEND = Correction(
    4, "dividend_income", Decimal("18.4375"), date(2022, 4, 18), datetime(2022, 6, 6, 15, 30, tzinfo=UTC)
)
SCRIPT_POLICY = LateVersion(
    2,
    PolicyVersion(
        version=3,
        targets=targets("5", equities="65", fixed_income="25", alternatives="10"),
        threshold=Decimal("5.00"),
        effective_date=date(2022, 5, 16),
        published_at=datetime(2022, 5, 31, 17, 45, tzinfo=UTC),
        risk_tolerance="moderate_aggressive",
        risk_score=7,
        extras=Extras(volatility="medium", annual_return=Decimal("5.75")),
    ),
)
