"""The first page of a report, which is about all accounts together, and the lists of all of them.

Asks the questions about the book and says which of their answers a page shows; however many accounts there are, the page
stays short: the worst of each kind, and how many more there are.
"""

from pathlib import Path
from typing import Any

from reading.marts import Marts
from reading.report.answers import Row, cut
from reading.report.charts import Chart, bars, coverage_strip, curve
from reading.report.pages import Night, render

Listed = list[tuple[Row, list[Row]]]
"""Accounts, each with its portfolios."""
MOST = 20
"""Rows of each kind that the book shows."""
A_LIST = 600
"""Accounts and portfolios together on a page that lists them: its weight stays below what can be mailed."""
INLINE = 60
"""Up to so many of both are listed in the book itself."""
CHARTED = 3
"""Currencies that have charts in the book."""


def write_book(folder: Path, marts: Marts, night: Night, accounts: list[Row], portfolios: list[Row]) -> int:
    """Write index.html and the lists of all accounts. Returns how many pages."""
    by_account: dict[str, list[Row]] = {account["account_id"]: [] for account in accounts}
    for portfolio in portfolios:
        by_account.setdefault(portfolio["account_id"], []).append(portfolio)
    listed = [(account, by_account[account["account_id"]]) for account in accounts]
    lists = [(f"accounts-{number}.html", part) for number, part in enumerate(_parts(listed), start=1)]
    given = _given(marts, night) | {"is_inline": len(accounts) + len(portfolios) <= INLINE}
    page = render("book.html", night, "", listed=listed, lists=lists, **given)
    (folder / "index.html").write_text(page, encoding="utf-8")
    for name, part in lists:
        page = render("accounts.html", night, "", listed=part, lists=lists, here=name)
        (folder / name).write_text(page, encoding="utf-8")
    return 1 + len(lists)


def _parts(listed: Listed) -> list[Listed]:
    """What stands on each page of the list; an account is on several only if its portfolios do not fit on one."""
    parts: list[Listed] = []
    room = 0
    for account, portfolios in listed:
        for start in range(0, max(1, len(portfolios)), A_LIST - 1):
            some = portfolios[start : start + A_LIST - 1]
            if 1 + len(some) > room:
                parts.append([])
                room = A_LIST
            parts[-1].append((account, some))
            room -= 1 + len(some)
    return parts


def write_empty_book(folder: Path) -> int:
    """Write the page that says that there is no night yet. Returns that it is one."""
    (folder / "index.html").write_text(render("empty.html", Night({}), ""), encoding="utf-8")
    return 1


def _given(marts: Marts, night: Night) -> dict[str, Any]:
    started_at, previous_on = night.row["started_at"], night.row["previous_on"]
    standing = marts.ask("book_tonight").rows()
    charts, not_charted = _charts(marts, night, standing)
    return {
        "outside": marts.ask("outside_tonight", most=MOST).rows(),
        "worst": marts.ask("worst_drift", most=MOST).rows(),
        "breaches": marts.ask("breaches_changed", most=MOST).rows() if previous_on else [],
        "restated": marts.ask("restated_since", since=started_at, most=MOST).rows() if previous_on else [],
        "policies": marts.ask("policies_changed", since=started_at, most=MOST).rows() if previous_on else [],
        "failed": marts.ask("accounts_failed", most=MOST).rows(),
        "earned": marts.ask("earned").rows(),
        "standing": standing,
        "charts": charts,
        "not_charted": not_charted,
        "coverage": (coverage := marts.ask("coverage_of_nights").rows()),
        "strip": coverage_strip(coverage),
    }


def _charts(marts: Marts, night: Night, standing: list[Row]) -> tuple[list[Chart], list[str]]:
    """What was earned, and how many accounts were outside, night by night, of the currencies of most accounts.

    Returns the charts, and the currencies that have none.
    """
    charts = []
    by_currency = cut(marts.ask("book_by_night", since=night.since).arrow(), "currency")
    accounts = {row["currency"]: row["accounts"] for row in standing}
    currencies = sorted(by_currency, key=lambda currency: (-accounts.get(currency, 0), currency))
    for number, currency in enumerate(currencies[:CHARTED]):
        series = by_currency[currency][""]
        earned, outside = f"Net P&L of all accounts, {currency}", f"Accounts outside policy, {currency}"
        charts += [
            bars(earned, series, "net_pnl", night.window, f"net{number}", "Net P&L"),
            curve(outside, series, "outside", night.window, f"out{number}", "The number", zero=True),
        ]
    return charts, currencies[CHARTED:]
