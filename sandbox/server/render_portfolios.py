"""Summary, holdings and performance of a portfolio as the wealth paths print them. Facts come from the ledger; this file
spells them, and makes up what no ledger has: the strategy a portfolio was made by and the goals it serves.
"""

from datetime import date

from sandbox.server.render_positions import asset_id, price_quality
from sandbox.world.accounts import Account, Portfolio
from sandbox.world.clock import at_close, iso
from sandbox.world.exact import CENT, round_to, text, token
from sandbox.world.facts_portfolios import Held, Holdings, Performance, Slice, Summary
from sandbox.world.instruments import INSTRUMENTS

Json = dict[str, object]
# The demo client reads parallel arrays where the documents have a list of points.
PARALLEL_ROLES = ("growth", "crypto", "closing")
_SHOWN_DAILY = 70  # trading days; a longer series has its Fridays (or what stands for them) only
_GOALS = ("Retire early", "A house", "University")


def summary_body(account: Account, portfolio: Portfolio, summary: Summary) -> Json:
    held, last = summary.holdings, summary.analysis.last_rebalanced_at
    as_of = at_close(held.priced_on)
    return {
        "portfolio_id": held.portfolio_id,
        "account_id": held.account_id,
        "name": portfolio.name,
        "currency": held.currency,
        "valuation": {
            "total_value": text(held.total_value),
            "cash_value": text(held.cash),
            "positions_value": text(held.positions_value),
            "unrealized_gain_loss": text(held.unrealized),
            "unrealized_gain_loss_percent": text(summary.unrealized_percent),
            "as_of": iso(as_of),
        },
        "allocation": {
            "by_asset_class": [_slice("asset_class", part) for part in summary.by_asset_class],
            "by_sector": [_slice("sector", part) for part in summary.by_sector],
        },
        "rebalancing_status": {
            "needs_rebalancing": summary.analysis.needs_rebalancing,
            "last_rebalanced_at": iso(last) if last else None,
            "next_scheduled": summary.next_scheduled.isoformat() if summary.next_scheduled else None,
            "max_deviation_percent": text(summary.max_deviation),
        },
        "strategy_application": _strategy(account, portfolio),
        "linked_goals": _goals(account),
        "created_at": iso(portfolio.created_at),
        "updated_at": iso(max(as_of, portfolio.created_at)),
    }


def holdings_body(account: Account, held: Holdings, refreshed: bool) -> Json:
    return {
        "portfolio_id": held.portfolio_id,
        "currency": held.currency,
        "as_of": iso(at_close(held.priced_on)),
        "cash": {"balance": text(held.cash), "available": text(held.available), "reserved": text(held.reserved)},
        "holdings": [_row(account, row, refreshed) for row in held.rows],
        "totals": {
            "total_value": text(held.total_value),
            "total_cost_basis": text(held.cost),
            "total_unrealized_pl": text(held.unrealized),
            "total_unrealized_pl_percent": text(held.unrealized_percent),
        },
    }


def performance_body(account: Account, result: Performance, asked: tuple[str, date, date]) -> Json:
    """The period is echoed as asked, even where it reaches past today."""
    label, start, end = asked
    risk, compared = result.risk, result.comparison
    body: Json = {
        "portfolio_id": result.portfolio_id,
        "period": {"start_date": start.isoformat(), "end_date": end.isoformat(), "label": label},
        "returns": {
            "time_weighted_return": text(result.time_weighted),
            "money_weighted_return": text(result.money_weighted),
            "total_return": text(result.gains),  # money, whatever its neighbours are
            "annualized_return": text(result.annualized),
        },
        "risk_metrics": {
            "volatility": text(risk.volatility),
            "sharpe_ratio": text(risk.sharpe),
            "max_drawdown": text(risk.max_drawdown),
            # Not nullable: where nothing fell there is no day, and no member.
            **({"max_drawdown_date": risk.max_drawdown_on.isoformat()} if risk.max_drawdown_on else {}),
            "beta": text(risk.beta),
        },
        "period_breakdown": {
            "starting_value": text(result.starting),
            "ending_value": text(result.ending),
            "net_contributions": text(result.contributions),
            "net_withdrawals": text(result.withdrawals),
            "investment_gains": text(result.gains),
            "dividends_received": text(result.dividends),
            "fees_paid": text(result.fees),
        },
        **_history(account, result),
    }
    if compared:
        body["benchmark_comparison"] = {
            "benchmark_symbol": compared.symbol,
            "benchmark_name": compared.name,
            "benchmark_return": text(compared.percent),
            "alpha": text(compared.alpha),
            "tracking_error": text(compared.tracking_error),
        }
    return body


def _slice(name: str, part: Slice) -> Json:
    return {name: part.name, "value": text(part.value), "percent": text(part.percent)}


def _row(account: Account, held: Held, refreshed: bool) -> Json:
    row, item = held.position, INSTRUMENTS[held.position.symbol]
    return {
        "position_id": row.position_uuid if account.old_style else row.position_id,
        "asset_id": asset_id(row.symbol),
        "symbol": row.symbol,
        "name": item.name,
        "asset_class": row.asset_class,
        "sector": item.sector,
        "quantity": text(row.quantity),
        "average_cost_basis": text(row.average_cost),
        "total_cost_basis": text(row.cost),
        "current_price": text(row.price),
        "market_value": text(row.value),
        "unrealized_pl": text(row.unrealized),
        "unrealized_pl_percent": text(row.unrealized_percent),
        "weight_percent": text(held.weight),
        **(price_quality(row) if refreshed else {}),
    }


def _strategy(account: Account, portfolio: Portfolio) -> Json | None:
    if account.number % 3 == 1:
        return None
    return {
        "strategy_id": "strat_" + token(8, "strategy", account.role),
        "strategy_version_id": "sv_" + token(8, "strategy version", account.role),
        "applied_at": iso(portfolio.created_at),
        "status": "active",
    }


def _goals(account: Account) -> list[Json]:
    wished = _GOALS[: account.number % 3]
    return [{"goal_id": "goal_" + token(8, "goal", account.number, name), "name": name} for name in wished]


def _history(account: Account, result: Performance) -> Json:
    values = result.values
    if len(values) > _SHOWN_DAILY:
        weeks = {day.isocalendar()[:2]: (day, value) for day, value in values}
        values = (values[0], *(point for point in weeks.values() if point != values[0]))
    if account.role in PARALLEL_ROLES:
        shown = [text(round_to(value, CENT)) for _, value in values]
        return {"balance_history": {"dates": [day.isoformat() for day, _ in values], "values": shown}}
    return {"value_history": [{"date": day.isoformat(), "value": text(value)} for day, value in values]}
