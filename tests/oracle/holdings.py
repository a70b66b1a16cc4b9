"""What portfolios hold and are worth, night by night, by their own answers."""

from collections.abc import Iterator
from datetime import date

from oracle.compare import Mart
from oracle.observed import Observed
from oracle.positions import price_source

from sandbox.world.accounts import Account, Portfolio
from sandbox.world.clock import at_close, market_date
from sandbox.world.facts_portfolios import Holdings
from sandbox.world.instruments import INSTRUMENTS


def held(observed: Observed) -> dict[tuple[date, str], Holdings]:
    """By night and portfolio, where the holdings were answered."""
    ledger = observed.played.world.ledger
    return {
        (day, portfolio.portfolio_id): ledger.holdings(portfolio.portfolio_id, day)
        for day, account, portfolio in _portfolios(observed)
        if observed.has(day, "holdings", account)
    }


def _portfolios(observed: Observed) -> Iterator[tuple[date, Account, Portfolio]]:
    for day, roster in observed.rosters.items():
        for account in roster:
            for portfolio in account.portfolios:
                yield day, account, portfolio


def holdings_daily(observed: Observed) -> Mart:
    rows: Mart = {}
    for (day, portfolio_id), answer in held(observed).items():
        for number, row in enumerate(answer.rows, start=1):
            position, item = row.position, INSTRUMENTS[row.position.symbol]
            owner = observed.played.world.account(answer.account_id)
            assert owner
            rows[day, portfolio_id, number] = {
                "account_id": answer.account_id,
                "position_id": position.position_uuid if owner.old_style else position.position_id,
                "symbol": position.symbol,
                "name": item.name,
                "asset_class": position.asset_class,
                "sector": item.sector,
                "currency": answer.currency,
                "quantity": position.quantity,
                "average_cost_basis": position.average_cost,
                "total_cost_basis": position.cost,
                "current_price": position.price,
                "market_value": position.value,
                "unrealized_pl": position.unrealized,
                "weight_percent": row.weight,
                "price_source": price_source(position),
                "price_confidence": "END_OF_DAY",
                "price_timestamp": at_close(position.priced_on),
            }
    return rows


def opened_on(portfolio: Portfolio) -> date:
    """The day that a portfolio's performance is asked from."""
    return market_date(portfolio.created_at)


def portfolio_values_daily(observed: Observed) -> Mart:
    """A row where the night has any of the three answers, or where a later night has brought its performance report."""
    ledger, answers = observed.played.world.ledger, held(observed)
    rows: Mart = {}
    for account in observed.accounts:
        for portfolio in account.portfolios:
            portfolio_id = portfolio.portfolio_id
            reported = observed.performance.get(portfolio_id, {})
            days = {day for day, other in answers if other == portfolio_id} | set(reported)
            days |= {day for day in observed.days if observed.has(day, "summary", account)}
            for day in days:
                answer = answers.get((day, portfolio_id))
                has_summary = day in observed.rosters and observed.has(day, "summary", account)
                summary = None
                if has_summary:
                    night = next(night for night in observed.played.nights if night.day == day)
                    summary = ledger.summary(portfolio_id, day, night.known_at)
                start = min(opened_on(portfolio), day)
                report = ledger.performance(portfolio_id, start, day) if day in reported else None
                rows[day, portfolio_id] = {
                    "account_id": account.account_id,
                    "currency": portfolio.currency if answer or summary else None,
                    "cash_balance": answer.cash if answer else None,
                    "positions_value": answer.positions_value if answer else None,
                    "total_value": answer.total_value if answer else None,
                    "unknown_reason": None if answer else "no_holdings",
                    "reported_total_value": answer.total_value if answer else None,
                    "summary_total_value": summary.holdings.total_value if summary else None,
                    "summary_max_deviation_percent": summary.max_deviation if summary else None,
                    "next_rebalancing_on": summary.next_scheduled if summary else None,
                    "performance_start_date": start if report else None,
                    "net_contributions_itd": report.contributions if report else None,
                    "net_withdrawals_itd": report.withdrawals if report else None,
                    "total_return_itd": report.gains if report else None,
                    "time_weighted_return_itd_percent": report.time_weighted if report else None,
                }
    return rows
