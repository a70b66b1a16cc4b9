"""The scripted policies of each role: data, not rules (policy.py has those)."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from sandbox.world.policy import Extras, PolicyVersion, Target, targets

_FULL = Extras(
    volatility="high",
    annual_return=Decimal("6.50"),
    minimum_cash=Decimal("3.00"),
    emergency_months=4,
    tax_bracket="24",
    tax_aware=True,
    excluded_sectors=("tobacco", "energy"),  # its holders do hold energy, and the security that is excluded beside it
)
_ZERO_ALTERNATIVES = Target("alternatives", Decimal(0), Decimal(0), Decimal(2))


def script_of(role: str, opened: date, created_at: datetime, change: date) -> tuple[PolicyVersion, ...]:
    """The versions of a role's policy, in order; empty for a role without one."""

    def first(shares: tuple[Target, ...], threshold: str) -> PolicyVersion:
        return PolicyVersion(1, shares, Decimal(threshold), opened, created_at)

    def later(base: PolicyVersion, version: int, day: date, shares: tuple[Target, ...] | None = None) -> PolicyVersion:
        day = max(day, base.effective_date + timedelta(days=1))
        published = datetime.combine(day, time(13, 5, version), UTC)
        return replace(base, version=version, effective_date=day, published_at=published, targets=shares or base.targets)

    mix = {"equities": "55", "fixed_income": "25", "treasury": "15", "alternatives": "5"}
    if role == "balanced":
        v1 = first(targets("5", **mix), "4.00")
        safer = targets("4", equities="45", fixed_income="30", treasury="20", alternatives="5")
        return v1, replace(later(v1, 2, change, safer), risk_score=4, extras=_FULL)
    if role == "growth":
        v1 = replace(first(targets("6", equities="75", fixed_income="15", alternatives="10"), "5.00"), risk_score=8)
        v1 = replace(v1, risk_tolerance="moderate_aggressive", secondary=("income_generation", "tax_efficiency"))
        return v1, later(v1, 2, date(2021, 9, 1), targets("2.5", equities="70", fixed_income="20", alternatives="10"))
    if role == "old_style":
        stocks, bonds = targets("7", stocks="60", bonds="40")
        split = (("us_large_cap", Decimal("40.00")), ("international", Decimal("20.00")))
        return (first((replace(stocks, sub_allocations=split), bonds), "5.00"),)
    if role == "naira":
        v1 = first(targets("5", equities="50", fixed_income="30", treasury="20"), "5.00")
        return (replace(v1, frequency="semi_annual", extras=Extras(tax_aware=False)),)
    if role == "crypto":
        v1 = first(targets("2.5", equities="60", fixed_income="20", treasury="10", crypto="10"), "3.00")
        return (replace(v1, frequency="annual", risk_tolerance="aggressive", risk_score=10, extras=_FULL),)
    if role == "closing":
        v1 = first(targets("5", **mix), "5.00")
        v2 = later(v1, 2, date(2021, 11, 1), targets("6", equities="50", fixed_income="35", treasury="15"))
        return v1, v2, replace(later(v2, 3, date(2022, 4, 11)), draft=True)
    if role == "unallocated":
        return (replace(first(targets("10", equities="100"), "7.50"), category="medium_term", years=6),)
    if role == "newcomer":
        return (first(targets("1.5", equities="65", fixed_income="20", treasury="10", alternatives="5"), "2.00"),)
    if role == "conservative":
        shares = (*targets("1.5", equities="20", fixed_income="50", treasury="30"), _ZERO_ALTERNATIVES)
        v1 = replace(first(shares, "2.00"), risk_tolerance="conservative", risk_score=2, primary="capital_preservation")
        return v1, replace(later(v1, 2, date(2022, 3, 28), targets("3", fixed_income="60", treasury="40")), draft=True)
    return ()
