"""Whether recommended trades were done, by what the portfolio held in the week after."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

from oracle.compare import WIDE, Mart
from oracle.drift import analyses
from oracle.holdings import held
from oracle.observed import Observed

from sandbox.world.facts_portfolios import Holdings

WEEK = timedelta(days=7)


def rebalancing_trade_outcomes(observed: Observed) -> Mart:
    answers: dict[str, dict[date, Holdings]] = defaultdict(dict)
    for (day, portfolio_id), answer in held(observed).items():
        answers[portfolio_id][day] = answer
    rows: Mart = {}
    for night in analyses(observed):
        portfolio_id, account_id = night.analysis.portfolio_id, night.account.account_id
        after = {day: a for day, a in sorted(answers[portfolio_id].items()) if night.day < day <= night.day + WEEK}
        now = answers[portfolio_id].get(night.day)
        has_passed = observed.days[-1] >= night.day + WEEK
        for number, trade in enumerate(night.analysis.trades, start=1):
            sign = 1 if trade.action == "buy" else -1
            traded = (
                {day: sign * (_units(a, trade.symbol) - _units(now, trade.symbol)) for day, a in after.items()}
                if now
                else {}
            )
            done_on = next((day for day, done in traded.items() if done * 100 >= trade.quantity * 99), None)
            most = max(max(traded.values()), Decimal(0)) if traded else None
            lacks = now is None or (not traded and has_passed)
            between = (night.day + timedelta(days=n) for n in range(1, (done_on - night.day).days + 1)) if done_on else ()
            rows[night.day, portfolio_id, number] = {
                "account_id": account_id,
                "action": trade.action,
                "symbol": trade.symbol,
                "quantity": trade.quantity,
                "outcome": "done"
                if done_on
                else "unknown"
                if lacks
                else "open"
                if not has_passed
                else "partly"
                if most and most * 100 >= trade.quantity
                else "not_done",
                "unknown_reason": "no_holdings" if lacks else None,
                "done_on": done_on,
                "sessions_until_done": sum(map(observed.is_session, between)) if done_on else None,
                "traded_quantity": most,
                "traded_percent": None if most is None else WIDE.divide(most * 100, trade.quantity),
                "nights_observed": len(traded),
            }
    return rows


def _units(answer: Holdings | None, symbol: str) -> Decimal:
    rows = answer.rows if answer else ()
    return sum((row.position.quantity for row in rows if row.position.symbol == symbol), Decimal(0))
