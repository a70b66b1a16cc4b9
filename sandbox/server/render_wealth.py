"""Analysis, P&L report and policy as the wealth paths print them. Facts come from the ledger; this file spells them."""

from collections.abc import Sequence
from datetime import date, datetime

from sandbox.world.accounts import Account
from sandbox.world.clock import iso
from sandbox.world.exact import CENT, round_to, text
from sandbox.world.facts import Analysis, Pnl
from sandbox.world.policy import ListedVersion, Target

Json = dict[str, object]


def analysis_body(account: Account, analysis: Analysis, now: datetime) -> Json:
    body: Json = {
        "portfolio_id": analysis.portfolio_id,
        "currency": analysis.currency,
        "analysis_timestamp": iso(analysis.analysed_at or now),
        "needs_rebalancing": analysis.needs_rebalancing,
        "rebalancing_reason": analysis.reason,
        "current_allocation": {
            c.asset_class: {"target": text(c.target), "actual": text(c.actual), "drift": text(c.drift)}
            for c in analysis.classes
        },
        "recommended_trades": [
            {
                "action": trade.action,
                "symbol": trade.symbol,
                "asset_class": trade.asset_class,
                "quantity": text(trade.quantity),
                "notional": text(trade.notional),
                "reason": trade.reason,
            }
            for trade in analysis.trades
        ],
        "tax_impact": {
            "estimated_short_term_gains": text(round_to(analysis.short_term_gains, CENT)),
            "estimated_long_term_gains": text(round_to(analysis.long_term_gains, CENT)),
            "tax_loss_harvesting_available": analysis.harvestable_losses > 0,
            "harvestable_losses": text(round_to(analysis.harvestable_losses, CENT)),
        },
        "last_rebalanced_at": iso(analysis.last_rebalanced_at) if analysis.last_rebalanced_at else None,
    }
    if analysis.reason is None and account.number % 2:
        del body["rebalancing_reason"]  # null or absent: both are guesses of the documents
    return body


def pnl_body(report: Pnl, start: date, end: date) -> Json:
    """The period is echoed as asked, even where it reaches past today."""
    net = report.short_gains + report.short_losses + report.long_gains + report.long_losses
    return {
        "account_id": report.account_id,
        "period": {"start_date": start.isoformat(), "end_date": end.isoformat()},
        "summary": {
            "total_pnl": text(report.total),
            "realized_pnl": text(report.realized),
            "unrealized_pnl": text(report.unrealized),
            "dividend_income": text(report.dividends),
            "interest_income": text(report.interest),
            "fees_paid": text(report.fees),
        },
        "realized_gains_losses": {
            "short_term_gains": text(report.short_gains),
            "short_term_losses": text(report.short_losses),
            "long_term_gains": text(report.long_gains),
            "long_term_losses": text(report.long_losses),
            "net_realized": text(net),
        },
        "by_position": [
            {
                "symbol": row.symbol,
                "realized_pnl": text(row.realized),
                "unrealized_pnl": text(row.unrealized),
                "dividend_income": text(row.dividends),
            }
            for row in report.by_position
        ],
        "by_asset_class": [
            {"asset_class": row.asset_class, "pnl": text(row.pnl), "pnl_percent": text(row.pnl_percent)}
            for row in report.by_asset_class
        ],
    }


def policy_body(account: Account, listed: ListedVersion, known: Sequence[ListedVersion], include_history: bool) -> Json:
    policy, extras = listed.policy, listed.policy.extras
    risk: Json = {"risk_tolerance": policy.risk_tolerance, "risk_score": policy.risk_score}
    objectives: Json = {"primary": policy.primary, "secondary": list(policy.secondary)}
    rebalancing: Json = {"frequency": policy.frequency, "threshold_percent": text(policy.threshold)}
    constraints: Json = {"rebalancing_policy": rebalancing}
    if extras.volatility is not None:
        risk["volatility_tolerance"] = extras.volatility
    if extras.annual_return is not None:
        objectives["target_annual_return"] = text(extras.annual_return)
    if extras.tax_aware is not None:
        rebalancing["tax_aware"] = extras.tax_aware
    if extras.minimum_cash is not None:
        constraints["liquidity_requirements"] = {
            "minimum_cash_percent": text(extras.minimum_cash),
            "emergency_fund_months": extras.emergency_months,
        }
    if extras.tax_bracket is not None:
        constraints["tax_considerations"] = {
            "tax_loss_harvesting": True,
            "tax_bracket": extras.tax_bracket,
            "prefer_tax_advantaged": False,
        }
    if extras.excluded_sectors is not None:
        constraints["restrictions"] = {
            "excluded_sectors": list(extras.excluded_sectors),
            "excluded_securities": ["SBX-REIT"],
            "no_individual_stocks": False,
            "esg_screening": True,
            "esg_criteria": ["environmental"],
        }
    body: Json = {
        "ips_id": account.ips_id,
        "account_id": account.account_id,
        "version": policy.version,
        "risk_profile": risk,
        "time_horizon": {"years": policy.years, "category": policy.category},
        "investment_objectives": objectives,
        "target_allocation": {target.asset_class: _band(target) for target in policy.targets},
        "constraints": constraints,
        "effective_date": policy.effective_date.isoformat(),
        "status": listed.status,
        # The documents' sample dates created_at from version 1, whatever the version.
        "created_at": iso(known[0].policy.published_at),
        "updated_at": iso(policy.published_at),
    }
    if include_history:
        body["version_history"] = [
            {
                "version": entry.policy.version,
                "effective_date": entry.policy.effective_date.isoformat(),
                "updated_at": iso(entry.policy.published_at),
            }
            for entry in known
        ]
    return body


def _band(target: Target) -> Json:
    band: Json = {
        "target_percent": text(target.target),
        "min_percent": text(target.low),
        "max_percent": text(target.high),
    }
    if target.sub_allocations:
        band["sub_allocations"] = {name: text(share) for name, share in target.sub_allocations}
    return band
