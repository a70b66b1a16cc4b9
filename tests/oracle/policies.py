"""Policy versions and the days they are in force, by the rules of the design.

Validity is half-open: a version ends where the earliest version with a higher number begins, never before its own first
day. A draft is in force on no day. Everything known at the end counts, so a late version changes days that are past.
"""

from dataclasses import dataclass
from datetime import date

from oracle.compare import Mart
from oracle.observed import Observed

from sandbox.world.accounts import Account
from sandbox.world.policy import PolicyVersion


@dataclass(frozen=True)
class Validity:
    policy: PolicyVersion
    status: str
    effective_from: date
    effective_to: date | None

    def holds(self, day: date) -> bool:
        return self.effective_from <= day and (self.effective_to is None or day < self.effective_to)


def validities(observed: Observed, account: Account, known_on: date | None = None) -> tuple[Validity, ...]:
    """The versions with their days: as known at the end of all, or at the end of a night."""
    listings = observed.listings[account.account_id]
    known = [day for day in listings if known_on is None or day <= known_on]
    listed = listings[max(known)] if known else ()
    published = [entry.policy for entry in listed if entry.status != "draft"]
    found = []
    for entry in listed:
        start = entry.policy.effective_date
        later = [other.effective_date for other in published if other.version > entry.policy.version]
        end = start if entry.status == "draft" else max(min(later), start) if later else None
        found.append(Validity(entry.policy, entry.status, start, end))
    return tuple(found)


def in_force(versions: tuple[Validity, ...], day: date) -> PolicyVersion | None:
    held = [version.policy for version in versions if version.holds(day)]
    assert len(held) <= 1, f"two versions in force on {day}"
    return held[0] if held else None


def policy_versions(observed: Observed) -> Mart:
    rows: Mart = {}
    for account in observed.accounts:
        for valid in validities(observed, account):
            policy = valid.policy
            rows[account.account_id, account.ips_id, policy.version] = {
                "status": valid.status,
                "effective_from": valid.effective_from,
                "effective_to": valid.effective_to,
                "risk_tolerance": policy.risk_tolerance,
                "risk_score": policy.risk_score,
                "horizon_years": policy.years,
                "horizon_category": policy.category,
                "primary_objective": policy.primary,
                "rebalancing_frequency": policy.frequency,
                "threshold_percent": policy.threshold,
                "minimum_cash_percent": policy.extras.minimum_cash,
                "tax_aware": policy.extras.tax_aware,
                "first_seen_at": observed.version_seen[account.account_id, policy.version],
                "is_in_force": valid.holds(observed.days[-1]),
            }
    return rows


def policy_targets(observed: Observed) -> Mart:
    rows: Mart = {}
    for account in observed.accounts:
        for valid in validities(observed, account):
            for target in valid.policy.targets:
                rows[account.account_id, account.ips_id, valid.policy.version, target.asset_class] = {
                    "target_percent": target.target,
                    "min_percent": target.low,
                    "max_percent": target.high,
                    "effective_from": valid.effective_from,
                    "effective_to": valid.effective_to,
                }
    return rows
