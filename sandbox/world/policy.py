"""Investment policies: what a version says, and which version is what on a day.

A version has a number, the day from which it holds and the instant it became visible; the two differ for a version
that was published late. In force on a day: among the published versions known by then that hold from that day or
earlier, the one with the highest number (a newer version overrides an older one from its own first day on). Drafts
are never in force. No HTTP shapes here.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True)
class Target:
    asset_class: str
    target: Decimal
    low: Decimal
    high: Decimal
    sub_allocations: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True)
class Extras:
    """The optional members of a policy; None means that the answer has no such member."""

    volatility: str | None = None
    annual_return: Decimal | None = None
    minimum_cash: Decimal | None = None
    emergency_months: int | None = None
    tax_bracket: str | None = None
    tax_aware: bool | None = None
    excluded_sectors: tuple[str, ...] | None = None


@dataclass(frozen=True)
class PolicyVersion:
    version: int
    targets: tuple[Target, ...]
    threshold: Decimal
    effective_date: date
    published_at: datetime
    frequency: str = "quarterly"
    draft: bool = False
    risk_tolerance: str = "moderate"
    risk_score: int = 5
    years: int = 12
    category: str = "long_term"
    primary: str = "capital_appreciation"
    secondary: tuple[str, ...] = ("income_generation",)
    extras: Extras = field(default_factory=Extras)

    def target_of(self, asset_class: str) -> Target | None:
        return next((t for t in self.targets if t.asset_class == asset_class), None)


@dataclass(frozen=True)
class ListedVersion:
    """A version as the API shows it at an instant: its status depends on what else is known by then."""

    policy: PolicyVersion
    status: str  # draft, active, superseded


def known_versions(versions: Iterable[PolicyVersion], known_at: datetime) -> tuple[ListedVersion, ...]:
    known = sorted((v for v in versions if v.published_at <= known_at), key=lambda v: v.version)
    newest = max((v.version for v in known if not v.draft), default=0)
    return tuple(ListedVersion(v, "draft" if v.draft else "active" if v.version == newest else "superseded") for v in known)


def in_force(versions: Iterable[PolicyVersion], day: date, known_at: datetime) -> PolicyVersion | None:
    held = [v for v in versions if not v.draft and v.published_at <= known_at and v.effective_date <= day]
    return max(held, key=lambda v: v.version, default=None)


def targets(spread: str, **shares: str) -> tuple[Target, ...]:
    """`targets("5", equities="60", treasury="40")`: bands of `spread` points on either side, cut at 0 and 100."""
    width = Decimal(spread)
    return tuple(
        Target(name, Decimal(share), max(Decimal(share) - width, Decimal(0)), min(Decimal(share) + width, Decimal(100)))
        for name, share in shares.items()
    )
