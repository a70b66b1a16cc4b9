"""Compliance: each rule of the policy in force with what it is judged by, as known at the end and as known that night.

Known in part is at least so large: such a value can be outside, and never inside.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from oracle.compare import WIDE, Mart, Row
from oracle.drift import TOLERANCE, ZERO
from oracle.observed import Observed
from oracle.policies import in_force, validities
from oracle.rosters import account_nights

from sandbox.world.accounts import Account
from sandbox.world.clock import market_date
from sandbox.world.facts import Analysis
from sandbox.world.facts_portfolios import Holdings
from sandbox.world.instruments import INSTRUMENTS
from sandbox.world.policy import PolicyVersion

Rule = tuple[str, str | None]  # rule, subject
Limits = tuple[Decimal | None, Decimal | None]
LONGEST = {"monthly": 31, "quarterly": 92, "semi_annual": 184, "annual": 366}
KEY = ("as_of_date", "account_id", "rule", "portfolio_id", "subject")
OF_PORTFOLIOS = ("band", "threshold", "off_policy", "overdue_rebalancing")


@dataclass(frozen=True)
class Evidence:
    value: Decimal | None
    reason: str | None = None  # why it is not known, or known in part
    in_part: bool = False
    unit: str = "percent"


def rules(policy: PolicyVersion | None) -> dict[Rule, Limits]:
    """What a policy rules, with the least and the largest value inside."""
    if policy is None:
        return {("policy", None): (None, None)}
    found: dict[Rule, Limits] = {("band", t.asset_class): (t.low, t.high) for t in policy.targets}
    found["threshold", None] = (None, policy.threshold)
    found["off_policy", None] = (None, ZERO)
    found["overdue_rebalancing", None] = (None, Decimal(LONGEST[policy.frequency]))
    if policy.extras.minimum_cash is not None:
        found["minimum_cash", None] = (policy.extras.minimum_cash, None)
    if policy.extras.excluded_sectors is not None:
        found |= {("excluded_sector", sector): (None, ZERO) for sector in policy.extras.excluded_sectors}
        found["excluded_security", "SBX-REIT"] = (None, ZERO)
    return found


def verdict(rule: str, limits: Limits | None, evidence: Evidence) -> tuple[str, str | None]:
    """With the reason of one that is unknown; without limits the policy has no such rule."""
    if limits is None:
        return "unknown", "not_ruled"
    if rule == "policy":
        return "unknown", "no_policy"
    value, (low, high) = evidence.value, limits
    if value is None:
        return "unknown", evidence.reason or "value_unknown"
    is_low, is_high = low is not None and value < low, high is not None and value > high
    if is_low or is_high or (rule == "threshold" and value == high):
        return "outside", None
    return ("unknown", evidence.reason) if evidence.in_part else ("inside", None)


def compliance_daily(observed: Observed) -> Mart:
    rows: Mart = {}
    first_asked: dict[str, date] = {}
    for night in observed.played.nights:
        day = night.day
        expected: dict[str, set[str]] = defaultdict(set)
        for request in observed.requests[day]:
            if request.endpoint == "rebalancing" and request.account:
                expected[request.account.account_id].add(request.what)
                first_asked.setdefault(request.what, day)
        for account in observed.rosters[day]:
            if (day, account.account_id) not in _nights(observed):
                continue
            now = in_force(validities(observed, account), day)
            then = in_force(validities(observed, account, day), day)
            ruled, ruled_then = rules(now), rules(then)
            analyses: dict[str | None, Analysis | None] = {
                what: observed.played.world.ledger.drift(what, day, night.known_at)
                if observed.has(day, "rebalancing", account)
                else None
                for what in expected[account.account_id]
            }
            for rule, subject in ruled.keys() | ruled_then.keys():
                for portfolio_id in (analyses or [None]) if rule in OF_PORTFOLIOS else [None]:
                    asked = Asked(portfolio_id, analyses.get(portfolio_id), day, first_asked.get(portfolio_id or "", day))
                    told = [
                        of_portfolio(rule, subject, asked, (policy, now, then))
                        if rule in OF_PORTFOLIOS
                        else of_account(observed, rule, subject, account, day)
                        for policy in (now, then)
                    ]
                    rows[day, account.account_id, rule, portfolio_id, subject] = _row(
                        rule, account, (now, then), (ruled.get((rule, subject)), ruled_then.get((rule, subject))), told
                    )
    return rows


def _nights(observed: Observed) -> Mart:
    if not hasattr(observed, "kept_nights"):
        observed.kept_nights = account_nights(observed)  # type: ignore[attr-defined]
    kept: Mart = observed.kept_nights  # type: ignore[attr-defined]
    return kept


def _row(
    rule: str,
    account: Account,
    policies: tuple[PolicyVersion | None, PolicyVersion | None],
    limits: tuple[Limits | None, Limits | None],
    told: list[Evidence],
) -> Row:
    (now, then), (says, reason) = policies, verdict(rule, limits[0], told[0])
    says_then, reason_then = verdict(rule, limits[1], told[1])
    return {
        "unit": None if rule == "policy" else told[0].unit,
        "value": told[0].value,
        "lower_limit": limits[0][0] if limits[0] else None,
        "upper_limit": limits[0][1] if limits[0] else None,
        "ips_id": account.ips_id if now else None,
        "policy_version": now.version if now else None,
        "verdict": says,
        "unknown_reason": reason,
        "policy_version_then": then.version if then else None,
        "value_then": told[1].value,
        "lower_limit_then": limits[1][0] if limits[1] else None,
        "upper_limit_then": limits[1][1] if limits[1] else None,
        "verdict_then": says_then,
        "unknown_reason_then": reason_then,
    }


@dataclass(frozen=True)
class Asked:
    """What a night was told about a portfolio that it should have asked about; about None where there is none."""

    portfolio_id: str | None
    analysis: Analysis | None
    day: date
    first_on: date


def of_portfolio(rule: str, subject: str | None, asked: Asked, policies: tuple[PolicyVersion | None, ...]) -> Evidence:
    """By the first of the policies; a class that any of them names is at zero in an analysis of the whole."""
    unit, analysis = "days" if rule == "overdue_rebalancing" else "percent", asked.analysis
    if analysis is None:
        return Evidence(None, "no_analysis" if asked.portfolio_id else "no_portfolio", unit=unit)
    actual = {item.asset_class: item.actual for item in analysis.classes}
    if rule == "overdue_rebalancing":
        last = analysis.last_rebalanced_at
        since = market_date(last) if last else asked.first_on
        return Evidence(Decimal((asked.day - since).days), None if last else "never_rebalanced", last is None, unit)
    if rule == "threshold":
        return Evidence(max((abs(item.drift) for item in analysis.classes), default=None))
    if abs(sum(actual.values(), ZERO) - 100) <= TOLERANCE:
        for policy in policies:
            actual = {t.asset_class: ZERO for t in (policy.targets if policy else ())} | actual
    if rule == "band":
        return Evidence(actual.get(subject or ""), "class_not_reported")
    named = {t.asset_class for t in policies[0].targets} if policies[0] else set()
    beside = sum((share for name, share in actual.items() if name not in named), ZERO)
    return Evidence(beside if named & actual.keys() else None)


def holdings(observed: Observed, account: Account, day: date) -> list[Holdings] | None:
    """Of every portfolio that should have been asked about; None where one was not told."""
    asked = [r for r in observed.requests[day] if r.endpoint == "holdings" and r.account == account]
    if not asked or any(request.outcome != "ok" for request in asked):
        return None
    return [observed.played.world.ledger.holdings(request.what, day) for request in asked]


def of_account(observed: Observed, rule: str, subject: str | None, account: Account, day: date) -> Evidence:
    told = holdings(observed, account, day)
    if rule == "policy":
        return Evidence(None)
    unlike = told is not None and len({one.currency for one in told}) > 1
    total = sum((one.total_value for one in told), ZERO) if told and not unlike else ZERO
    reason = "no_holdings" if told is None else "mixed_currencies" if unlike else None
    if rule == "minimum_cash":
        cash = sum((one.cash for one in told or ()), ZERO)
        return Evidence(_percent(cash, total) if total > 0 else None, reason)
    if told is not None:
        rows = [row.position for one in told for row in one.rows]
        of = (lambda p: p.symbol) if rule == "excluded_security" else (lambda p: INSTRUMENTS[p.symbol].sector)
        found = [position for position in rows if of(position) == subject]
        if total > 0:
            return Evidence(_percent(sum((abs(position.value) for position in found), ZERO), total))
        return Evidence(Decimal(len(found)), unit="count")
    if rule == "excluded_security" and observed.has(day, "positions", account):
        listed = observed.played.world.ledger.positions(account.account_id, day, listed=True)
        return Evidence(Decimal(sum(position.symbol == subject for position in listed)), unit="count")
    return Evidence(None, reason)


def _percent(part: Decimal, whole: Decimal) -> Decimal:
    return WIDE.divide(part * 100, whole).quantize(Decimal("0.000001"), ROUND_HALF_UP)
