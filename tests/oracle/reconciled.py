"""Reconciliation: figures that do not agree with what the others say, beyond a tolerance, or that stand on one side only."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise

from oracle.compare import Mart, Row
from oracle.drift import analyses
from oracle.observed import Observed
from oracle.pnl import figures, parts, pnl_daily, steps
from oracle.positions import held, position_id
from oracle.rosters import account_nights

MONEY, PARTS, PERCENT, TOTAL_PERCENT = (Decimal(text) for text in ("0.01", "0.05", "0.01", "0.05"))
OF_A_REPORT = ("pnl_total", "pnl_net_realized", "pnl_by_asset_class", "pnl_by_position", "pnl_window")
Check = tuple[date, str, str, str, Decimal | None, Decimal | None, Decimal]


def reconciliation_daily(observed: Observed) -> Mart:
    """Night by night; then one row for each run of the account's nights on which one stands by the same difference."""
    daily: dict[tuple[str, str, str], dict[date, Row]] = {}
    for check in (_positions, _drift, _pnl, _unrealized, _called):
        for day, account_id, name, entity, reported, recomputed, tolerance in check(observed):
            difference = reported - recomputed if reported is not None and recomputed is not None else None
            if difference is None or abs(difference) > tolerance:
                daily.setdefault((account_id, name, entity), {})[day] = {
                    "reported": reported,
                    "recomputed": recomputed,
                    "difference": difference,
                }
    listed, told = _nights(account_nights(observed)), _nights(pnl_daily(observed))
    rows: Mart = {}
    for (account_id, name, entity), found in daily.items():
        before = (told if name in OF_A_REPORT else listed).get(account_id, {})
        run: Row = {}
        for day in sorted(found):
            if run and run["last_seen_on"] == before.get(day) and _stands_by(name, run) == _stands_by(name, found[day]):
                run |= {"nights": run["nights"] + 1, "last_seen_on": day}
            else:
                run = rows[day, account_id, name, entity] = {**found[day], "nights": 1, "last_seen_on": day}
    return rows


def _stands_by(name: str, row: Row) -> tuple[Decimal | None, Decimal | None]:
    """The difference; and which version Bluum calls the current one, which is no number."""
    return row["difference"], row["reported"] if name == "policy_called" else None


def _nights(mart: Mart) -> dict[str, dict[date, date]]:
    """By account, the night before each of its nights in a mart of nights and accounts."""
    nights: dict[str, list[date]] = defaultdict(list)
    for day, account_id in sorted(mart):
        nights[account_id].append(day)
    return {account_id: {night: before for before, night in pairwise(days)} for account_id, days in nights.items()}


def _unrealized(observed: Observed) -> Iterator[Check]:
    reports = {
        (step.day, account.account_id): step.report for account in observed.accounts for step in steps(observed, account)
    }
    for day, account, positions in held(observed):
        report = reports.get((day, account.account_id))
        if report and positions and {p.currency for p in positions} == {account.currency}:
            total = sum((p.unrealized for p in positions), Decimal(0))
            yield day, account.account_id, "unrealized_pnl", "unrealized_pnl", report.unrealized, total, PARTS


def _called(observed: Observed) -> Iterator[Check]:
    for (day, account_id), row in account_nights(observed).items():
        if row["called_policy_version"] is not None:
            called, held_to = Decimal(row["called_policy_version"]), row["policy_version"]
            in_force = None if held_to is None else Decimal(held_to)
            yield day, account_id, "policy_called", row["called_ips_id"], called, in_force, Decimal(0)


def _positions(observed: Observed) -> Iterator[Check]:
    for day, account, positions in held(observed):
        for p in positions:
            key = day, account.account_id
            entity = position_id(account, p)
            yield *key, "position_market_value", entity, p.value, p.quantity * p.price, MONEY
            yield *key, "position_cost", entity, p.cost, p.quantity * p.average_cost, MONEY
            yield *key, "position_unrealized_pl", entity, p.unrealized, p.value - p.cost, MONEY


def _drift(observed: Observed) -> Iterator[Check]:
    for night in analyses(observed):
        key, portfolio_id = (night.day, night.account.account_id), night.analysis.portfolio_id
        classes = {item.asset_class: item for item in night.analysis.classes}
        if classes:
            targets = sum((item.target for item in classes.values()), Decimal(0))
            actuals = sum((item.actual for item in classes.values()), Decimal(0))
            yield *key, "targets_total", portfolio_id, targets, Decimal(100), TOTAL_PERCENT
            yield *key, "actuals_total", portfolio_id, actuals, Decimal(100), TOTAL_PERCENT
        for name, item in classes.items():
            yield *key, "drift", f"{portfolio_id}/{name}", item.drift, item.actual - item.target, PERCENT
        over = [item.is_over_threshold for item in night.classes if item.is_over_threshold is not None]
        if over:
            needed = night.analysis.reason is not None
            yield *key, "needs_rebalancing", portfolio_id, Decimal(needed), Decimal(any(over)), Decimal(0)
        if night.policy:
            wanted = {target.asset_class: target.target for target in night.policy.targets}
            for name in classes.keys() | wanted.keys():
                reported = classes[name].target if name in classes else None
                yield *key, "policy_target", f"{portfolio_id}/{name}", reported, wanted.get(name), PERCENT


def _pnl(observed: Observed) -> Iterator[Check]:
    for account in observed.accounts:
        for step in steps(observed, account):
            key, report, said = (step.day, account.account_id), step.report, figures(step.report)
            net = parts(report)["net_realized"]
            by_class = sum((row.pnl for row in report.by_asset_class), Decimal(0))
            by_position = {
                "realized_pnl": sum((row.realized for row in report.by_position), Decimal(0)),
                "unrealized_pnl": sum((row.unrealized for row in report.by_position), Decimal(0)),
                "dividend_income": sum((row.dividends for row in report.by_position), Decimal(0)),
            }
            yield *key, "pnl_total", "total_pnl", said["total_pnl"], said["realized_pnl"] + said["unrealized_pnl"], PARTS
            yield *key, "pnl_net_realized", "realized_pnl", said["realized_pnl"], net, PARTS
            yield *key, "pnl_by_asset_class", "total_pnl", said["total_pnl"], by_class, PARTS
            for measure, total in by_position.items():
                yield *key, "pnl_by_position", measure, said[measure], total, PARTS
