"""The way of net P&L to date through a period, from the last report before it to the last one within it.

A symbol's line is by how much its figure to date moved between the two; of one that came in between, less what it showed at
first without having earned it that day. What an account's own figure moved beyond its symbols is (unattributed).
"""

from datetime import date
from decimal import Decimal

from oracle.compare import Mart, Row
from oracle.observed import Observed
from oracle.pnl import ALL_ITEMS, PERIODS, figures, net, period_of, pnl_by_position_daily, pnl_periods, steps

BY_SYMBOL = ("realized_pnl", "unrealized_pnl", "dividend_income")
ZERO = Decimal(0)
Lines = list[tuple[str, str | None, Decimal | None]]
Symbols = dict[str, dict[date, Row]]


def pnl_bridge(observed: Observed) -> Mart:
    rows: Mart = {}
    complete = pnl_periods(observed)
    by_symbol: dict[str, Symbols] = {}
    for (day, account_id, symbol), row in pnl_by_position_daily(observed).items():
        if symbol != ALL_ITEMS:
            by_symbol.setdefault(account_id, {}).setdefault(symbol, {})[day] = row
    for account in observed.accounts:
        taken, symbols = steps(observed, account), by_symbol.get(account.account_id, {})
        for kind in PERIODS:
            for start, end in sorted({period_of(kind, step.day) for step in taken}):
                last = [step for step in taken if step.day <= end][-1]
                before = [step for step in taken if step.day < start]
                reason, lines = None, Lines()
                if not before and account.opened < start:
                    reason, lines = "no_earlier_report", [("not_told", None, None)]
                else:
                    now = figures(last.report)
                    base = figures(before[-1].report) if before else dict.fromkeys(now, ZERO)
                    moved = {name: now[name] - base[name] for name in now}
                    days = (before[-1].day if before else None, last.day)
                    lines = [
                        ("opening", None, net(base)),
                        *_by_symbol("realized_pnl", symbols, days, moved),
                        *_by_symbol("unrealized_pnl", symbols, days, moved),
                        ("residual", None, moved["total_pnl"] - moved["realized_pnl"] - moved["unrealized_pnl"]),
                        *_by_symbol("dividend_income", symbols, days, moved),
                        ("interest_income", None, moved["interest_income"]),
                        ("fees_paid", None, -moved["fees_paid"]),
                        ("closing", None, net(now)),
                    ]
                for number, (line, item, amount) in enumerate(lines, start=1):
                    rows[account.account_id, kind, start, number] = {
                        "period_end": end,
                        "currency": account.currency,
                        "line": line,
                        "item": item,
                        "amount": amount,
                        "unknown_reason": reason,
                        "is_complete": complete[account.account_id, kind, start]["is_complete"],
                    }
    return rows


def _by_symbol(measure: str, symbols: Symbols, days: tuple[date | None, date], moved: dict[str, Decimal]) -> Lines:
    opening, closing = days
    lines, left = Lines(), moved[measure]
    for symbol, nights in sorted(symbols.items()):
        value = nights[closing][f"{measure}_itd"] if closing in nights else None
        since = (
            _had_before(measure, nights) if opening is None or opening not in nights else nights[opening][f"{measure}_itd"]
        )
        if value is not None and since is not None and value != since:
            lines.append((measure, symbol, value - since))
            left -= value - since
    return [*lines, (measure, ALL_ITEMS, left)]


def _had_before(measure: str, nights: dict[date, Row]) -> Decimal | None:
    """What a symbol showed on its first night and had not earned since the night before."""
    first = nights[min(nights)]
    shown: Decimal | None = first[f"{measure}_itd"]
    if first["days_covered"] is None or shown is None:
        return ZERO  # the first night of the account itself: nothing was before it
    return shown - (first[measure] or ZERO)
