"""How a value is written in the report and the dashboard: decimals exactly, dates, and the reasons for what is not known.

A figure that is shortened carries the whole one in its `value` and its tooltip; one that would round to nothing is written
out. What is computed of figures is computed in SQL, never here; how a page is put together is for the page.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from markupsafe import Markup

_REASONS = {
    "no_policy": "no policy is in force",
    "policy_unread": "the policy is known from its history alone",
    "no_rules": "the policy has no rules that can be judged",
    "not_ruled": "only one of the two policies has the rule",
    "no_portfolio": "the account has no portfolio",
    "no_portfolios": "the account has no portfolio",
    "no_band": "the policy has no band for it",
    "no_band_known": "no band is known, or one of them or the share in it is not",
    "no_analysis": "there is no rebalancing analysis of that night",
    "no_holdings": "there is no good answer about the holdings of that night",
    "no_positions": "there is no good answer about the positions of that night",
    "class_not_reported": "the analysis does not name the class",
    "class_unknown": "a class has no target or no share, or could not be read",
    "never_rebalanced": "it was never rebalanced",
    "quarantined": "a row of the answer could not be read exactly",
    "no_currency": "the roster names no currency",
    "mixed_currencies": "it holds more than one currency, and nothing converts them",
    "other_currency": "the currency changed",
    "another_currency": "the currency changed",
    "unpriced_holding": "a holding has no value",
    "no_cash": "the cash is not told",
    "first_night": "it is the first night held",
    "no_pnl": "a P&L report is missing, or is about another window",
    "no_value": "nothing held is worth anything",
    "no_whole": "what all positions in its currency are worth is not known, or not above zero",
    "other_classes": "holdings are called by classes that the analysis does not name",
    "not_told": "the analysis does not tell it",
    "not_drift": "causes are told of drift only",
    "gains_unknown": "the analysis does not tell the gains",
    "split": "the security was split before it was done",
    "no_bracket": "the policy names no tax bracket",
    "unknown_bracket": "the tax bracket is not a known one",
    "tax_advantaged": "the account is tax-advantaged",
    "beyond_arithmetic": "a figure is too large to compute with",
    "no_earlier_report": "there is no earlier report to measure from",
    "no_like_report": "there is no earlier report, in the same currency and from the same day on, to measure from",
    "figure_not_reported": "a report leaves out a figure that it is made of",
    "no_item_day": "tonight’s report, or the one before, does not tell it",
    "no_eve": "it was there on the first night",
    "no_performance": "a portfolio has no performance report",
    "one_portfolio_only": "Bluum tells it of accounts with one portfolio, for nights that it reported on",
    "not_reported": "the report does not name it",
    "no_price": "the answer does not tell it",
    "closed": "the account is closed",
    "not_listed": "the roster of that night does not name it",
    "another_window": "the two reports do not begin on one day",
}
"""Reasons of the marts in words; one that is not here is shown as the mart spells it."""


_BROKEN = {
    "threshold": "drift at or over the threshold",
    "minimum_cash": "less cash than the policy wants",
    "off_policy": "holds what the policy does not name",
    "overdue_rebalancing": "rebalancing is overdue",
}


def reason(name: str | None) -> str:
    """Why something is not known."""
    if name is None:
        return "the night does not have it"
    return _REASONS.get(name, words(name))


def words(name: str | None) -> str:
    """A name of the data as people read it: fixed_income is "fixed income"."""
    return " ".join("P&L" if word == "pnl" else word for word in (name or "").split("_"))


def subject(row: Mapping[str, Any]) -> str:
    """What a rule is about: a class or a sector as people read it, a symbol as it is written."""
    return (row["subject"] or "") if row["rule"] == "excluded_security" else words(row["subject"])


def broken(row: Mapping[str, Any]) -> str:
    """A rule that is broken, as one says it."""
    rule, about = row["rule"], subject(row)
    if rule == "band":
        return f"{about} {'over' if (row['distance'] or 0) > 0 else 'under'} its band"
    if rule in ("excluded_sector", "excluded_security"):
        return f"holds {about}, which the policy excludes"
    return _BROKEN.get(rule, words(rule) + (f" ({about})" if about else ""))


def plain(value: Decimal) -> str:
    """Every digit of a decimal, without the zeros at its end and without an exponent."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def exact(value: Decimal | int) -> str:
    """Every digit of a figure, thousands apart."""
    whole, _, rest = plain(Decimal(value)).lstrip("-").partition(".")
    return ("−" if value < 0 else "") + f"{int(whole):,}" + (f".{rest}" if rest else "")


def face(value: Decimal | int, places: int = 2, *, signed: bool = False) -> str:
    """A figure for the eye: thousands apart, to so many places, and not as nothing where it is something."""
    is_counted = isinstance(value, int) or value.as_tuple().exponent == 0
    shown = f"{Decimal(value).copy_abs():,.{0 if is_counted else places}f}"  # abs() would round to 28 digits
    if value == 0:
        return shown
    if not shown.strip("0."):  # less than these places can say
        return f"{'>−' if value < 0 else '<'}{shown[:-1]}1"
    return ("−" if value < 0 else "+" if signed else "") + shown


def number(value: Decimal | int | None, why: str | None = None, places: int = 2, *, signed: bool = False) -> Markup:
    """A figure with thousands separated; where it is null, why."""
    if value is None:
        return Markup('<span class="unknown" title="{0}">not known<span class="why">: {0}</span></span>').format(reason(why))
    whole = plain(Decimal(value))
    more = Markup(' title="{}"').format(exact(value)) if len(whole.partition(".")[2]) > places else Markup("")
    if signed or value == 0:
        more += Markup(' class="{}"').format("nil" if value == 0 else "neg" if value < 0 else "pos")
    return Markup('<data value="{}"{}>{}</data>').format(whole, more, face(value, places, signed=signed))


def measured(value: Decimal | None, unit: str | None, why: str | None = None) -> Markup:
    """A figure of a rule: days and counts are whole, shares have two decimals."""
    return number(value, why, 0 if unit in ("days", "count") else 2)


def change(value: Decimal | None, why: str | None = None) -> Markup:
    """A figure whose sign is the point: P&L, drift, a cause."""
    return number(value, why, signed=True)


def quantity(value: Decimal | None, why: str | None = None) -> Markup:
    """Units of a security, to four places."""
    return number(value, why, places=4)


def day(value: date | datetime | None) -> Markup:
    """A date as it is read aloud; nothing where there is none."""
    if value is None:
        return Markup("")
    value = value.date() if isinstance(value, datetime) else value
    return Markup('<time datetime="{0:%Y-%m-%d}">{1}&nbsp;{0:%b}&nbsp;{0:%Y}</time>').format(value, value.day)


def moment(value: datetime | None) -> Markup:
    """A time in UTC, to the minute; nothing where there is none."""
    if value is None:
        return Markup("")
    return Markup('<time datetime="{0:%Y-%m-%dT%H:%MZ}">{0:%d %b %Y, %H:%M} UTC</time>').format(value)


def count(value: int, one: str, many: str) -> Markup:
    """A number of things in words: 1 account, 2 accounts."""
    return Markup("{:,}&nbsp;{}").format(value, one if value == 1 else many)
