"""Reconciliation: figures that do not agree with what the others say, beyond a tolerance, or that stand on one side only."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from oracle.compare import Mart
from oracle.drift import analyses
from oracle.observed import Observed
from oracle.pnl import figures, parts, steps
from oracle.positions import held, position_id

MONEY, PARTS, PERCENT, TOTAL_PERCENT = (Decimal(text) for text in ("0.01", "0.05", "0.01", "0.05"))
Check = tuple[date, str, str, str, Decimal | None, Decimal | None, Decimal]


def reconciliation_daily(observed: Observed) -> Mart:
    rows: Mart = {}
    for check in (_positions, _drift, _pnl):
        for day, account_id, name, entity, reported, recomputed, tolerance in check(observed):
            difference = reported - recomputed if reported is not None and recomputed is not None else None
            if difference is None or abs(difference) > tolerance:
                rows[day, account_id, name, entity] = {
                    "reported": reported,
                    "recomputed": recomputed,
                    "difference": difference,
                }
    return rows


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
