"""Answers as tables, whose figures are exact. Everything that comes from data is escaped.

A figure is written as `reading/wording.py` writes it; what stands around the tables is `parts`.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from markupsafe import Markup, escape

from reading.wording import broken, change, day, measured, reason, words

Row = Mapping[str, Any]

MARKS = {
    "above its band": ("▲", "above"),
    "below its band": ("▼", "below"),
    "over its threshold": ("◆", "over"),
    "not known": ("?", "unknown"),
    "inside": ("", "inside"),
}
"""What stands beside a figure for its state, so that colour never says it alone, and the style it takes."""
_SHADES = 4


def figure(value: Decimal | None, why: str | None = None) -> Markup:
    """A figure whose sign is the point; nothing is a dash, with the reason behind it, never a nought."""
    if value is None:
        return Markup('<span class="none" title="not known: {}">–</span>').format(reason(why))
    return change(value)


def name(row: Row) -> str:
    """A portfolio by what tells it apart: its name, its account's last digits, the end of its id."""
    called = escape(row["portfolio_name"] or "no name")
    account = f"…{escape(row['account_number_last4'])} · " if row["account_number_last4"] else ""
    return f'{called} <span class="quiet id">{account}{escape(row["portfolio_id"][-4:])}</span>'


def table(label: str, heads: Sequence[str], rows: Iterable[Sequence[str]], first: int = 1) -> str:
    """A table of cells that are HTML already; the first columns are words, the others figures. Scrolls within itself."""
    kinds = ["text" if number < first else "figure" for number in range(len(heads))]
    head = "".join(f'<th scope="col" class="{kind}">{escape(text)}</th>' for kind, text in zip(kinds, heads, strict=True))
    body = "".join(
        f'<tr><th scope="row">{cells[0]}</th>'
        + "".join(f'<td class="{kind}">{cell}</td>' for kind, cell in zip(kinds[1:], cells[1:], strict=True))
        + "</tr>"
        for cells in rows
    )
    return _scrolling(label, f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>")


def _scrolling(label: str, rows: str, kind: str = "") -> str:
    """A table under its heading; one that is wider than the window scrolls within itself, by the keyboard too."""
    named = escape(label)
    return (
        f'<h3>{named}</h3><div class="bluum-scroll" role="region" tabindex="0" aria-label="{named}">'
        f'<table class="bluum-table {kind}" aria-label="{named}">{rows}</table></div>'
    )


def outside_table(rows: Sequence[Row]) -> str:
    """Accounts with the rules that they break, since when, and how far beyond."""
    heads = ["Account", "Rule", "Portfolio", "Since", "Is", "Allowed", "Beyond"]
    lines = (
        [
            f'…{escape(row["account_number_last4"] or "?")} <span class="quiet">{escape(row["account_id"][:4])}</span>',
            escape(broken(row)),
            f'{escape(row["name"] or "no name")} <span class="quiet id">{escape(row["portfolio_id"][-4:])}</span>'
            if row["portfolio_id"]
            else "the account as a whole",
            Markup("{}{}").format(day(row["since"]), " or before" if row["is_maybe_older"] else ""),
            measured(row["value"], row["unit"]) + f" {'%' if row['unit'] == 'percent' else row['unit'] or ''}",
            _limits(row),
            figure(row["distance"]) if row["distance"] is not None else "",
        ]
        for row in rows
    )
    return table("Rules that are broken", heads, lines, first=4)


def _limits(row: Row) -> Markup:
    low, high = row["lower_limit"], row["upper_limit"]
    told = [measured(each, row["unit"]) for each in (low, high) if each is not None]
    if not told:
        return Markup("")
    return escape("from " if high is None else "to " if low is None else "") + Markup(" to ").join(told)


def heatmap(rows: Sequence[Row]) -> str:
    """Portfolio by asset class, each cell its drift, shaded by how far and marked by what that means."""
    classes = sorted({row["asset_class"] for row in rows})
    largest = max((abs(row["drift_percent"]) for row in rows if row["drift_percent"] is not None), default=Decimal(0))
    by_portfolio: dict[str, dict[str, Row]] = {}
    for row in rows:
        by_portfolio.setdefault(row["portfolio_id"], {})[row["asset_class"]] = row
    head = "".join(f'<th scope="col" class="figure">{escape(words(each))}</th>' for each in classes)
    body = "".join(
        f'<tr><th scope="row">{name(next(iter(cells.values())))}</th>'
        + "".join(_cell(cells.get(each), largest) for each in classes)
        + "</tr>"
        for cells in by_portfolio.values()
    )
    rows_of_it = f'<thead><tr><th scope="col">Portfolio</th>{head}</tr></thead><tbody>{body}</tbody>'
    return _scrolling("Drift from target, in percentage points", rows_of_it, "bluum-heat")


def _cell(row: Row | None, largest: Decimal) -> str:
    if row is None:
        return '<td class="absent"><span class="none" title="not in this portfolio">·</span></td>'
    mark, state = MARKS[row["state"]]
    drift = row["drift_percent"]
    side = "" if not drift else "more" if drift > 0 else "less"
    shade = 0 if not drift or not largest else max(1, int(abs(drift) * _SHADES / largest))
    since = f", since {row['outside_since'].isoformat()}" if row["outside_since"] else ""
    why = f" ({escape(reason(row['unknown_reason']))})" if row["unknown_reason"] else ""
    told = (
        f'<span class="mark {state}" title="{row["state"]}{since}{why}" role="img" aria-label="{row["state"]}">{mark}</span>'
    )
    return f'<td class="{side} shade{shade}">{told if mark else ""}{figure(drift, row["unknown_reason"])}</td>'


def causes_table(label: str, rows: Sequence[Row]) -> str:
    """Portfolio and class with drift before and after, and what moved it."""
    causes = ("change_points", "market_points", "trades_points", "flows_points", "policy_points", "remainder_points")
    heads = ["Portfolio", "Asset class", "Before", "After", *(each.removesuffix("_points").capitalize() for each in causes)]
    lines = (
        [
            name(row),
            escape(words(row["asset_class"])),
            figure(row["drift_before"], row["unknown_reason"]),
            figure(row["drift_after"], row["unknown_reason"]),
            *(figure(row[each], row["unknown_reason"]) for each in causes),
            f"{row['nights_unexplained']} of {row['nights']}"
            + (f" ({escape(reason(row['unknown_reason']))})" if row["unknown_reason"] else ""),
        ]
        for row in rows
    )
    return table(_counted(label, rows), [*heads, "Nights unexplained"], lines, first=2)


def breaches_table(rows: Sequence[Row]) -> str:
    """Breaches that began or ended."""
    if not rows:
        return '<p class="said">No breach began or ended between these nights.</p>'
    heads = ["Portfolio", "Asset class", "Limit", "Side", "Began", "Ended", "Outcome", "Worst", "On"]
    lines = (
        [
            name(row),
            escape(words(row["asset_class"])),
            escape(row["breach_kind"]),
            escape(row["direction"]),
            day(row["started_on"]),
            day(row["ended_on"]) or "–",
            escape(row["outcome"]),
            figure(row["peak_distance_percent"]),
            day(row["peak_on"]),
        ]
        for row in rows
    )
    return table(_counted("Breaches that began or ended, and how far they went, in points", rows), heads, lines, first=7)


def earned_table(rows: Sequence[Row]) -> str:
    """Accounts with what they earned and what it is made of."""
    kinds = ("net_pnl", "realized_pnl", "unrealized_pnl", "dividend_income", "interest_income", "fees_paid")
    heads = ["Account", "Currency", "Net P&L", "Realized", "Unrealized", "Dividends", "Interest", "Fees", "Nights known"]
    lines = (
        [
            f'…{escape(row["account_number_last4"] or "?")} <span class="quiet">{escape(row["account_id"][:4])}</span>',
            escape(row["currency"] or "–"),
            *(figure(row[kind], "no_pnl") for kind in kinds),
            f"{row['nights_known']} of {row['nights']}",
        ]
        for row in rows
    )
    return table(_counted("By account, the lowest of each currency first", rows), heads, lines, first=2)


def _counted(label: str, rows: Sequence[Row]) -> str:
    """A label that says how many rows are left out, if any are."""
    return f"{label}: {len(rows)} of {rows[0]['found']}" if rows and len(rows) < rows[0]["found"] else label
