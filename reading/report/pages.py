"""The pages of accounts and portfolios: answers in, HTML out.

Which charts a page has, and what its templates are given. What is asked stands in `answers.py`; the book is `book.py`.
"""

from dataclasses import dataclass
from datetime import date
from functools import cache
from math import isnan
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from reading import wording
from reading.report import names
from reading.report.answers import Answers, Row
from reading.report.charts import bars, curve, drift_panel
from reading.report.drawing import EPOCH

ABOUT_ACCOUNT = (
    "pnl_classes_tonight",
    "pnl_symbols_tonight",
    "month_bridge",
    "pnl_of_months",
    "restatements_newest",
    "policy_history",
)
FIGURES = ("number", "change", "measured", "quantity")
ABOUT_PORTFOLIO = ("classes_tonight", "breaches", "trades_recommended", "trades_followed")
"""Questions whose answers a page shows as they are."""


@dataclass(frozen=True)
class Night:
    """The night that a report is of, as `published_night` tells it."""

    row: Row
    has_book: bool = True

    @property
    def since(self) -> date:
        """The first night of the charts."""
        first: date = self.row["since"]
        return first

    @property
    def window(self) -> tuple[int, int]:
        """First and last day of every chart, counted from 1970: one axis for all, so that pictures can be compared."""
        return (self.since - EPOCH).days, (self.row["as_of_date"] - EPOCH).days


@cache
def environment() -> Environment:
    """The templates, with everything that a page writes escaped."""
    found = Environment(
        loader=PackageLoader("reading.report"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        name: getattr(wording, name) for name in (*FIGURES, "day", "moment", "words", "reason", "count", "subject", "broken")
    }
    found.globals |= {
        name: getattr(names, name)
        for name in ("account_name", "account_file", "portfolio_name", "portfolio_more", "portfolio_file", "short")
    }
    style = (Path(__file__).parent / "templates" / "style.css").read_text(encoding="utf-8")
    found.globals["style"] = Markup(style)  # noqa: S704  # our own file
    return found


def render(template: str, night: Night, root: str, **values: Any) -> str:
    """A page; `root` leads from it to the report's folder."""
    return environment().get_template(template).render(night=night.row, has_book=night.has_book, root=root, **values)


def write_pages(folder: Path, answers: Answers, night: Night) -> int:
    """Write the pages of these accounts and their portfolios. Returns how many."""
    pages = 0
    for account in answers.accounts:
        account_id = account["account_id"]
        (folder / names.account_file(account_id)).write_text(_account(account, answers, night), encoding="utf-8")
        for portfolio in answers.about("portfolios_tonight", account_id):
            page = _portfolio(portfolio, account, answers, night)
            (folder / names.portfolio_file(portfolio["portfolio_id"])).write_text(page, encoding="utf-8")
        pages += 1 + len(answers.about("portfolios_tonight", account_id))
    return pages


def _account(account: Row, answers: Answers, night: Night) -> str:
    account_id = account["account_id"]
    charts = []
    if earned := answers.nights("earned_by_night", account_id).get(""):
        charts = [
            bars("P&L, night by night", earned, "day_pnl", night.window, "day", "The day's P&L"),
            curve("P&L to date", earned, "to_date", night.window, "itd", "P&L to date"),
            curve("Below its high", earned, "drawdown", night.window, "dd", "The distance from the highest P&L", zero=True),
        ]
    if (worth := answers.nights("worth_by_night", account_id).get("")) and not all(map(isnan, worth["equity"])):
        charts.append(curve("Worth", worth, "equity", night.window, "worth", "What it is worth"))
    currencies = {currency for series in (earned, worth) if series for currency in series["currency"]}
    about = {name: answers.about(name, account_id) for name in ABOUT_ACCOUNT}
    return render(
        "account.html",
        night,
        "../",
        account=account,
        charts=charts,
        has_pnl=bool(earned),
        is_in_several=len(currencies) > 1,
        worth=next(iter(answers.about("worth_tonight", account_id)), None),
        positions=answers.about("positions_tonight", account_id),
        portfolios=answers.about("portfolios_tonight", account_id),
        evidence=answers.about("evidence_tonight", account_id),
        **about,
    )


def _portfolio(portfolio: Row, account: Row, answers: Answers, night: Night) -> str:
    portfolio_id = portfolio["portfolio_id"]
    drift = answers.nights("drift_by_night", portfolio_id)
    order = {row["asset_class"]: place for place, row in enumerate(answers.about("classes_tonight", portfolio_id))}
    panels = [
        drift_panel(asset_class, drift[asset_class], night.window, f"class{place}")
        for place, asset_class in enumerate(sorted(drift, key=lambda name: (order.get(name, len(order)), name)))
    ]
    causes = answers.about("why_drift_moved", portfolio_id)
    evidence = answers.about("evidence_tonight", portfolio["account_id"])
    about = {name: answers.about(name, portfolio_id) for name in ABOUT_PORTFOLIO}
    return render(
        "portfolio.html",
        night,
        "../",
        portfolio=portfolio,
        account=account,
        panels=panels,
        tonight=[row for row in causes if row["span"] == "tonight"],
        last_nights=[row for row in causes if row["span"] == "last_nights"],
        evidence=[row for row in evidence if row["portfolio_id"] in (portfolio_id, None)],
        policies=answers.about("policy_history", portfolio["account_id"]),
        **about,
    )
