"""Drift of classes and portfolios against the target and the policy in force that day, by the formulas of the design.

What the analysis says is what it said that night; the policy in force is the one known at the end to have been, and beside
it the one that was known that night. A class of the policy that an analysis of the whole leaves out is at zero.
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
TOLERANCE = Decimal("0.05")  # classes are rounded one by one


@dataclass(frozen=True)
class ClassNight:
    """One class of one portfolio on one night, judged by one policy."""

    asset_class: str
    reported: ClassDrift | None  # None: left out
    policy: PolicyVersion | None

    @property
    def actual(self) -> Decimal:
        return self.reported.actual if self.reported else ZERO

    @property
    def drift(self) -> Decimal | None:
        return self.reported.actual - self.reported.target if self.reported else None

    @property
    def band(self) -> tuple[Decimal, Decimal] | None:
        """Lowest and highest share; None when no policy in force names the class."""
        target = self.policy.target_of(self.asset_class) if self.policy else None
        return (target.low, target.high) if target else None

    @property
    def band_distance(self) -> Decimal | None:
        if self.band is None:
            return None
        low, high = self.band
        return self.actual - high if self.actual > high else self.actual - low if self.actual < low else ZERO

    @property
    def is_outside_band(self) -> bool | None:
        return None if self.band_distance is None else self.band_distance != 0

    @property
    def is_over_threshold(self) -> bool | None:
        return abs(self.drift) >= self.policy.threshold if self.policy and self.drift is not None else None


@dataclass(frozen=True)
class PortfolioNight:
    day: date
    account: Account
    analysis: Analysis
    policy: PolicyVersion | None
    policy_then: PolicyVersion | None

    @property
    def classes(self) -> list[ClassNight]:
        return self._judged(self.policy)

    @property
    def classes_then(self) -> dict[str, ClassNight]:
        return {item.asset_class: item for item in self._judged(self.policy_then)}

    def _judged(self, policy: PolicyVersion | None) -> list[ClassNight]:
        reported = {item.asset_class: item for item in self.analysis.classes}
        names = list(reported)
        if abs(sum((item.actual for item in reported.values()), ZERO) - 100) <= TOLERANCE:
            for version in (self.policy, self.policy_then):
                names += [t.asset_class for t in (version.targets if version else ()) if t.asset_class not in names]
        return [ClassNight(name, reported.get(name), policy) for name in names]


def analyses(observed: Observed) -> list[PortfolioNight]:
    """Every answered analysis, in the order of nights."""
    ledger, found = observed.played.world.ledger, []
    for night in observed.played.nights:
        for account in observed.rosters[night.day]:
            if observed.has(night.day, "rebalancing", account):
                policy = in_force(validities(observed, account), night.day)
                then = in_force(validities(observed, account, night.day), night.day)
                for portfolio in account.portfolios:
                    analysis = ledger.drift(portfolio.portfolio_id, night.day, night.known_at)
                    found.append(PortfolioNight(night.day, account, analysis, policy, then))
    return found


def allocation_drift_daily(observed: Observed) -> Mart:
    rows: Mart = {}
    for night in analyses(observed):
        then = night.classes_then
        for item in night.classes:
            reported, policy, distance = item.reported, item.policy, item.band_distance
            target = policy.target_of(item.asset_class) if policy else None
            rows[night.day, night.analysis.portfolio_id, item.asset_class] = {
                "account_id": night.account.account_id,
                "is_reported": reported is not None,
                "target_percent": reported.target if reported else None,
                "actual_percent": item.actual,
                "drift_percent": reported.drift if reported else None,
                "relative_drift_percent": ratio(item.drift * 100, reported.target)
                if reported and item.drift is not None
                else None,
                "ips_id": night.account.ips_id if policy else None,
                "policy_version": policy.version if policy else None,
                "policy_target_percent": target.target if target else None,
                "policy_drift_percent": item.actual - target.target if target else None,
                "min_percent": target.low if target else None,
                "max_percent": target.high if target else None,
                "threshold_percent": policy.threshold if policy else None,
                "band_distance_percent": distance,
                "is_outside_band": item.is_outside_band,
                "is_over_threshold": item.is_over_threshold,
                "policy_version_then": night.policy_then.version if night.policy_then else None,
                "is_outside_band_then": then[item.asset_class].is_outside_band,
                "is_over_threshold_then": then[item.asset_class].is_over_threshold,
                "known_from": night.day,
            }
    return rows


def portfolio_drift_daily(observed: Observed) -> Mart:
    rows: Mart = {}
    for night in analyses(observed):
        said = night.analysis
        drifts = [item.drift for item in night.classes if item.drift is not None]
        banded = [(item.actual, *item.band) for item in night.classes if item.band]
        beyond = [item.actual for item in night.classes if not item.band]
        above = sum((max(actual - high, ZERO) for actual, _, high in banded), ZERO)
        below = sum((max(low - actual, ZERO) for actual, low, _ in banded), ZERO)
        rows[night.day, said.portfolio_id] = {
            "account_id": night.account.account_id,
            "currency": said.currency,
            "max_abs_drift_percent": max((abs(drift) for drift in drifts), default=None),
            "one_way_turnover_percent": sum((abs(drift) for drift in drifts), ZERO) / 2 if drifts else None,
            "l2_drift_percent": root(sum((drift * drift for drift in drifts), ZERO)) if drifts else None,
            "turnover_into_bands_percent": max(above, below) if banded else None,
            "classes_outside_band": sum(not low <= actual <= high for actual, low, high in banded) if banded else None,
            "off_policy_percent": sum(beyond, ZERO) if banded else None,
            "needs_rebalancing": said.reason is not None,
            "analysis_timestamp": said.day,
            "is_cached": said.day < night.day,
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
                "currency": night.analysis.currency,
                "action": trade.action,
                "symbol": trade.symbol,
                "asset_class": trade.asset_class,
                "quantity": trade.quantity,
                "notional": trade.notional,
                "reason": trade.reason,
            }
    return rows
