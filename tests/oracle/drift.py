"""Drift of classes and portfolios against the target and the policy in force that day, by the formulas of the design.

What the analysis says is what it said that night; the policy in force is the one known at the end to have been.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from oracle.compare import Mart, ratio, root
from oracle.observed import Observed
from oracle.policies import in_force, validities

from sandbox.world.accounts import Account
from sandbox.world.exact import CENT, round_to
from sandbox.world.facts import Analysis, ClassDrift
from sandbox.world.policy import PolicyVersion

ZERO = Decimal(0)


@dataclass(frozen=True)
class ClassNight:
    """One class of one portfolio on one night."""

    reported: ClassDrift
    policy: PolicyVersion | None

    @property
    def drift(self) -> Decimal:
        return self.reported.actual - self.reported.target

    @property
    def band(self) -> tuple[Decimal, Decimal] | None:
        """Lowest and highest share; None when no policy in force names the class."""
        target = self.policy.target_of(self.reported.asset_class) if self.policy else None
        return (target.low, target.high) if target else None

    @property
    def band_distance(self) -> Decimal | None:
        if self.band is None:
            return None
        low, high = self.band
        actual = self.reported.actual
        return actual - high if actual > high else actual - low if actual < low else ZERO

    @property
    def is_over_threshold(self) -> bool | None:
        return abs(self.drift) >= self.policy.threshold if self.policy else None


@dataclass(frozen=True)
class PortfolioNight:
    day: date
    account: Account
    analysis: Analysis
    policy: PolicyVersion | None

    @property
    def classes(self) -> list[ClassNight]:
        return [ClassNight(reported, self.policy) for reported in self.analysis.classes]


def analyses(observed: Observed) -> list[PortfolioNight]:
    """Every answered analysis, in the order of nights."""
    ledger, found = observed.played.world.ledger, []
    for night in observed.played.nights:
        for account in observed.rosters[night.day]:
            if observed.has(night.day, "rebalancing", account):
                policy = in_force(validities(observed, account), night.day)
                for portfolio in account.portfolios:
                    analysis = ledger.drift(portfolio.portfolio_id, night.day, night.known_at)
                    found.append(PortfolioNight(night.day, account, analysis, policy))
    return found


def allocation_drift_daily(observed: Observed) -> Mart:
    rows: Mart = {}
    for night in analyses(observed):
        for item in night.classes:
            reported, policy, distance = item.reported, item.policy, item.band_distance
            target = policy.target_of(reported.asset_class) if policy else None
            rows[night.day, night.analysis.portfolio_id, reported.asset_class] = {
                "account_id": night.account.account_id,
                "target_percent": reported.target,
                "actual_percent": reported.actual,
                "drift_percent": reported.drift,
                "relative_drift_percent": ratio(item.drift * 100, reported.target),
                "policy_version": policy.version if policy else None,
                "policy_target_percent": target.target if target else None,
                "min_percent": target.low if target else None,
                "max_percent": target.high if target else None,
                "threshold_percent": policy.threshold if policy else None,
                "band_distance_percent": distance,
                "is_outside_band": None if distance is None else distance != 0,
                "is_over_threshold": item.is_over_threshold,
            }
    return rows


def portfolio_drift_daily(observed: Observed) -> Mart:
    rows: Mart = {}
    for night in analyses(observed):
        said = night.analysis
        drifts = [item.drift for item in night.classes]
        banded = [(item.reported.actual, *item.band) for item in night.classes if item.band]
        above = sum((max(actual - high, ZERO) for actual, _, high in banded), ZERO)
        below = sum((max(low - actual, ZERO) for actual, low, _ in banded), ZERO)
        rows[night.day, said.portfolio_id] = {
            "account_id": night.account.account_id,
            "max_abs_drift_percent": max((abs(drift) for drift in drifts), default=None),
            "one_way_turnover_percent": sum((abs(drift) for drift in drifts), ZERO) / 2 if drifts else None,
            "l2_drift_percent": root(sum((drift * drift for drift in drifts), ZERO)) if drifts else None,
            "turnover_into_bands_percent": max(above, below) if banded else None,
            "classes_outside_band": sum(not low <= actual <= high for actual, low, high in banded) if banded else None,
            "needs_rebalancing": said.reason is not None,
            "rebalancing_reason": said.reason,
            "last_rebalanced_at": said.last_rebalanced_at,
            "estimated_short_term_gains": round_to(said.short_term_gains, CENT),
            "estimated_long_term_gains": round_to(said.long_term_gains, CENT),
            "harvestable_losses": round_to(said.harvestable_losses, CENT),
            "tax_loss_harvesting_available": said.harvestable_losses > 0,
        }
    return rows


def rebalancing_trades(observed: Observed) -> Mart:
    rows: Mart = {}
    for night in analyses(observed):
        for number, trade in enumerate(night.analysis.trades, start=1):
            rows[night.day, night.analysis.portfolio_id, number] = {
                "account_id": night.account.account_id,
                "action": trade.action,
                "symbol": trade.symbol,
                "asset_class": trade.asset_class,
                "quantity": trade.quantity,
                "notional": trade.notional,
                "reason": trade.reason,
            }
    return rows
