"""The parts of the page, a function each: what it asks, what it shows of the answers, what it says where there are none.

What can be chosen, and where a part stands, is for `app`; how a part is written for `parts`, `tables` and `charts`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import marimo as mo
from markupsafe import escape

from reading import Marts
from reading.dashboard import charts, parts, tables
from reading.wording import count, day, moment, reason, words

Row = Mapping[str, Any]

ASKED = (
    "published_night",
    "firm_night",
    "nights",
    "portfolios_listed",
    "currencies_listed",
    "asset_classes_listed",
    "outside_tonight",
    "drift_by_class",
    "outside_on",
    "allocation_history",
    "causes_bridge",
    "causes_by_night",
    "causes_between",
    "pnl_by_night",
    "pnl_made_of",
    "pnl_by_class",
    "pnl_by_account",
    "breaches_between",
)
"""The questions of this page: a file that cannot answer all of them is of another version, and the page says so."""
SHOWN_PORTFOLIOS = 40
SHOWN_ROWS = 15
SHOWN_ACCOUNTS = 20
SHOWN_RULES = 8
"""Of an account: as many as the question tells."""


@dataclass(frozen=True)
class Choice:
    """What was chosen: two nights, and what all else is narrowed down to; null is all."""

    first: date
    last: date
    currency: str | None
    portfolio: Row | None
    asset_class: str | None

    @property
    def is_span(self) -> bool:
        """Whether one night comes before the other."""
        return self.first < self.last

    @property
    def between(self) -> str:
        """The two nights in a sentence."""
        return f"from {day(self.first)} to {day(self.last)}"

    @property
    def span(self) -> dict[str, date]:
        """The two nights, as questions are asked."""
        return {"first": self.first, "last": self.last}

    @property
    def narrowed(self) -> dict[str, str | None]:
        """What portfolios are narrowed down to, as questions are asked."""
        portfolio_id = self.portfolio["portfolio_id"] if self.portfolio else None
        return {"currency": self.currency, "portfolio_id": portfolio_id, "asset_class": self.asset_class}


@dataclass(frozen=True)
class LookedAt:
    """The portfolio and class that are shown night by night: the chosen ones, else those that are furthest off."""

    portfolio_id: str | None
    asset_class: str | None
    label: str

    @classmethod
    def of(cls, choice: Choice, furthest: Row | None, labels: Mapping[str, str]) -> "LookedAt":
        """Those of a choice; `furthest` is what is furthest off of it."""
        shown = {**(furthest or {}), **{name: value for name, value in choice.narrowed.items() if value is not None}}
        portfolio_id, asset_class = shown.get("portfolio_id"), shown.get("asset_class")
        label = labels.get(portfolio_id or "", "no portfolio")
        return cls(portfolio_id, asset_class, parts.about(label, is_chosen=choice.portfolio is not None))


def head(marts: Marts, night: Row, nights: list[Row]) -> str:
    """Which night it is, how much of it is there, and how all accounts stand."""
    there = sum(each["is_there"] for each in nights)
    complete = night["accounts_listed"] - night["accounts_incomplete"]
    said = (
        f"Night of <strong>{day(night['as_of_date'])}</strong>, published {moment(night['published_at'])}. "
        f"{there} of {len(nights)} trading days since {day(nights[0]['as_of_date'])} are here. Of the newest, "
        f"{complete:,} of {night['accounts_listed']:,} accounts are complete."
    )
    return parts.header(said, parts.firm_tiles(marts.ask("firm_night", night=night["as_of_date"]).rows()))


def outside(marts: Marts, night: Row) -> str:
    """Who is outside policy on the newest night, account by account, as the report tells it; whatever is chosen below."""
    title = "Who is outside policy"
    rows = marts.ask("outside_tonight", most=SHOWN_ACCOUNTS).rows()
    if not rows:
        return parts.empty(title, f"On {night['as_of_date'].isoformat()}, nobody of whom it is known.")
    shown, accounts = rows[-1]["account_place"], rows[0]["accounts"]
    some = f"; the {shown:,} that are farthest beyond a limit in percent are shown" if shown < accounts else ""
    said = f"{count(accounts, 'account', 'accounts')} on {day(night['as_of_date'])}, by every rule of their policies{some}."
    if any(each["of_the_account"] > SHOWN_RULES for each in rows):
        said += f" Of an account that breaks more than {SHOWN_RULES} rules, the farthest {SHOWN_RULES} are shown."
    return parts.section(title, said, tables.outside_table(rows))


def drift(marts: Marts, choice: Choice) -> tuple[str, Row | None]:
    """How far portfolios are from target, by class; and the row that is furthest off."""
    title, last = "Drift by class", choice.last
    found = marts.ask("drift_by_class", night=last, **choice.narrowed).rows()
    (counts,) = marts.ask("outside_on", night=last, **choice.narrowed).rows()
    if not found:
        why = f"No portfolio of this choice was analysed on {last.isoformat()}: it is of another currency or class, or "
        return parts.empty(title, f"{why}its analysis did not come that night."), None
    since = [each["outside_since"] for each in found if each["state"] in charts.STATES and each["outside_since"]]
    said = parts.outside(counts, last, min(since, default=None))
    if counts["portfolios_analysed"] > SHOWN_PORTFOLIOS:
        said += f" The {SHOWN_PORTFOLIOS} that are furthest off are shown."
    heat = tables.heatmap([each for each in found if each["place"] <= SHOWN_PORTFOLIOS])
    return parts.section(title, said, heat, parts.legend()), found[0]


def allocation(marts: Marts, choice: Choice, of: LookedAt) -> str:
    """Actual, target and band of each class over time, all pictures of one size."""
    title = "Actual, target and band over time"
    asked = {"portfolio_id": of.portfolio_id, "asset_class": choice.asset_class, **choice.span}
    rows = marts.ask("allocation_history", **asked).rows()
    known = [each for each in rows if each["actual_percent"] is not None]
    if not known:
        return parts.empty(title, "No portfolio of this choice was analysed between these nights.")
    classes = sorted({each["asset_class"] for each in known})
    panels = [charts.allocation(name, [each for each in rows if each["asset_class"] == name]) for name in classes]
    no_bands = "" if any(each["min_percent"] is not None for each in known) else " No policy with bands was in force."
    said = (
        f"{of.label}, {choice.between}. The line is the actual share, the dashes its target, the area its band; "
        f"▲ ▼ ◆ are nights outside. A night that is missing is a gap.<strong>{no_bands}</strong>"
    )
    return parts.section(title, said, parts.grid(_drawn(panels)))


def causes(marts: Marts, choice: Choice, of: LookedAt, nights: list[Row]) -> str:
    """Why drift moved: the way from one night to the other, each night, and all classes of the portfolio."""
    title = "Why drift moved"
    if not choice.is_span:
        several = sum(each["is_there"] for each in nights) > 1
        earlier = "The first night has to be before the last: choose an earlier one above."
        return parts.empty(title, earlier if several else "It takes two nights to say what moved drift, and one is here.")
    asked = {"portfolio_id": of.portfolio_id, "asset_class": of.asset_class, **choice.span}
    steps, by_night = marts.ask("causes_bridge", **asked).rows(), marts.ask("causes_by_night", **asked).rows()
    if not steps:
        why = "No analysis of this portfolio and class between these nights, so that nothing is known of what moved it."
        return parts.empty(title, why)
    unknown = {each["as_of_date"]: reason(each["unknown_reason"]) for each in by_night if each["unknown_reason"]}
    has_ends = all(step["amount"] is not None for step in steps if step["is_level"])
    said = f"{of.label}, {escape(words(of.asset_class))}, {choice.between}. " + (
        f"Nights that could not be taken apart: {len(unknown)} ({escape(', '.join(sorted(set(unknown.values()))))}); "
        + ("what moved then is in the remainder." if has_ends else "drift at one end is not known, and the lines lack it.")
        if unknown
        else "Every night is explained."
    )
    name = words(of.asset_class)
    drawn = (
        charts.bridge(steps, " points", f"Drift of {name}, from night to night"),
        charts.causes(by_night, f"What moved drift of {name}, each night"),
    )
    of_all = {"portfolio_id": of.portfolio_id, "asset_class": choice.asset_class, **choice.span}
    rows = marts.ask("causes_between", **of_all).rows()
    table = tables.causes_table("Asset classes of this portfolio, in points of drift", rows)
    return parts.section(title, said, parts.grid(_drawn(drawn), wide=True), table)


def earned(marts: Marts, choice: Choice) -> str:
    """What was earned, each currency by itself, and by account."""
    title, account = "What was earned", choice.portfolio and choice.portfolio["account_id"]
    asked = {"currency": None if account else choice.currency, "account_id": account, **choice.span}
    nights, made_of = marts.ask("pnl_by_night", **asked).rows(), marts.ask("pnl_made_of", **asked).rows()
    classes = marts.ask("pnl_by_class", asset_class=choice.asset_class, **asked).rows()
    currencies = sorted({each["currency"] for each in nights if each["net_pnl"] is not None})
    if not currencies:
        why = "No P&L is known between these nights: that of a night is measured from the night before it."
        return parts.empty(title, why)
    drawn = [picture for currency in currencies for picture in charts.earned(currency, made_of, nights, classes)]
    whose = "The account of the chosen portfolio" if account else "All accounts of this choice, each currency by itself"
    said = (
        f"{whose}, {choice.between}. Bluum reports P&amp;L by account; net is realized and unrealized, with dividends and "
        "interest, less fees."
    )
    if any(step["line"] == "residual" for step in made_of):
        said += " The residual is what it has beyond the parts that Bluum tells."
    table = tables.earned_table(marts.ask("pnl_by_account", most=SHOWN_ROWS, **asked).rows())
    return parts.section(title, said, parts.grid(_drawn(drawn), wide=True), table)


def moved(marts: Marts, choice: Choice) -> str:
    """What is otherwise on the second night than on the first: drift, and breaches that began or ended."""
    title = "What moved between the two nights"
    rows = marts.ask("causes_between", most=SHOWN_ROWS, **choice.narrowed, **choice.span).rows()
    if not rows or not choice.is_span:
        why = "Two nights are needed to compare, the first before the last, both with an analysis."
        return parts.empty(title, why)
    breaches = marts.ask("breaches_between", most=SHOWN_ROWS, **choice.narrowed, **choice.span).rows()
    return parts.section(
        title,
        f"All portfolios of this choice, {choice.between}, the largest moves first.",
        tables.causes_table("Drift before and after, and what moved it, in points", rows),
        tables.breaches_table(breaches),
    )


def _drawn(pictures: Any) -> list[str]:
    html: Callable[[Any], Any] = mo.as_html
    return [html(each).text for each in pictures]
