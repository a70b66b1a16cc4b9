"""The book of an account: equity, flows and returns, from the ledger's own cash, positions and flows."""

from datetime import date, timedelta
from decimal import Decimal

from oracle.compare import WIDE, Mart
from oracle.holdings import held, opened_on
from oracle.observed import Observed
from oracle.pnl import figures, net, steps
from oracle.rosters import account_nights

from sandbox.world.accounts import Account
from sandbox.world.exact import CENT, round_to
from sandbox.world.facts import Pnl

Worth = tuple[Decimal, Decimal] | str  # cash and positions, or why they are not known


def account_book_daily(observed: Observed) -> Mart:
    rows: Mart = {}
    nights = account_nights(observed)
    answers = held(observed)
    for account in observed.accounts:
        reports = {step.day: step.report for step in steps(observed, account)}
        before: tuple[date, Decimal] | None = None
        chain: tuple[date, Decimal, int] | None = None
        for day in (day for day in observed.days if (day, account.account_id) in nights):
            asked = observed.has(day, "portfolios", account) and account.portfolios
            known_list = nights[day, account.account_id]["rebalancing_outcome"] is not None
            source = "holdings" if asked or known_list else "roster"
            worth = _worth(observed, account, day, source, answers)
            row = {
                "currency": account.currency,
                "source": source,
                "cash": None,
                "positions_value": None,
                "equity": None,
                "previous_on": before[0] if before else None,
                **dict.fromkeys(FIGURES),
                "unknown_reason": worth if isinstance(worth, str) else None,
            }
            rows[day, account.account_id] = row
            if isinstance(worth, str):
                continue
            equity = sum(worth)
            row |= {"cash": worth[0], "positions_value": worth[1], "equity": equity}
            earned = _earned(reports, before[0], day) if before else None
            factor = None
            if before and earned is not None:
                flow = _reported_flow(observed, account, before[0], day)
                row |= {"net_pnl": earned, "implied_flow": equity - before[1] - earned, "reported_flow": flow}
                row["flow_difference"] = None if flow is None else row["implied_flow"] - flow
                if before[1] > 0:
                    factor = 1 + WIDE.divide(earned, before[1])
                    row["estimated_return_percent"] = (factor - 1) * 100
            elif before:
                row["reported_flow"] = _reported_flow(observed, account, before[0], day)
            row["unknown_reason"] = (
                "first_night" if not before else "no_pnl" if earned is None else "no_value" if before[1] <= 0 else None
            )
            if chain and factor is not None and before:
                between = (before[0] + timedelta(days=n) for n in range(1, (day - before[0]).days))
                chain = chain[0], chain[1] * factor, chain[2] + sum(map(observed.is_session, between))
            else:
                chain = day, Decimal(1), 0
            row |= {"chained_since": chain[0], "sessions_missing": chain[2], "chained_return_percent": (chain[1] - 1) * 100}
            row["reported_return_percent"] = _reported_return(observed, account, chain[0], day)
            if row["reported_return_percent"] is not None:
                row["return_difference_percent"] = row["chained_return_percent"] - row["reported_return_percent"]
            before = day, equity
    return rows


FIGURES = (
    "net_pnl", "implied_flow", "reported_flow", "flow_difference", "estimated_return_percent", "chained_since",
    "sessions_missing", "chained_return_percent", "reported_return_percent", "return_difference_percent",
)  # fmt: skip


def _worth(observed: Observed, account: Account, day: date, source: str, answers: dict[tuple[date, str], object]) -> Worth:
    ledger = observed.played.world.ledger
    if source == "holdings":
        if any((day, portfolio.portfolio_id) not in answers for portfolio in account.portfolios):
            return "no_holdings"
        found = [ledger.holdings(portfolio.portfolio_id, day) for portfolio in account.portfolios]
        if any(answer.currency != account.currency for answer in found):
            return "mixed_currencies"
        return sum((a.cash for a in found), Decimal(0)), sum((a.positions_value for a in found), Decimal(0))
    if not observed.has(day, "portfolios", account):
        return "no_portfolios"
    if not observed.has(day, "positions", account):
        return "no_positions"
    positions = ledger.positions(account.account_id, day)
    if any(position.currency != account.currency for position in positions):
        return "mixed_currencies"
    cash = ledger.cash(account.account_id, day).get(account.currency, Decimal(0))
    return round_to(cash, CENT), sum((position.value for position in positions), Decimal(0))


def _earned(reports: dict[date, Pnl], since: date, day: date) -> Decimal | None:
    if since not in reports or day not in reports:
        return None
    return net(figures(reports[day])) - net(figures(reports[since]))


def _reported_flow(observed: Observed, account: Account, since: date, day: date) -> Decimal | None:
    """Contributions less withdrawals between two nights: those of the ledger, where both nights' reports tell them."""
    if not account.portfolios:
        return None
    for portfolio in account.portfolios:
        told = observed.performance.get(portfolio.portfolio_id, {})
        if since not in told or day not in told or opened_on(portfolio) > since:
            return None
    flows = observed.played.world.ledger.flows(account.account_id, since + timedelta(days=1), day)
    return sum((flow.amount for flow in flows), Decimal(0))


def _reported_return(observed: Observed, account: Account, since: date, day: date) -> Decimal | None:
    if len(account.portfolios) != 1 or since == day:
        return None
    (portfolio,) = account.portfolios
    told = observed.performance.get(portfolio.portfolio_id, {})
    if since not in told or day not in told:
        return None
    performance = observed.played.world.ledger.performance
    now, then = (performance(portfolio.portfolio_id, opened_on(portfolio), on).time_weighted for on in (day, since))
    return WIDE.divide((now - then) * 100, 100 + then)
