"""Answers as HTML: tables whose figures are exact, tiles, marks and sentences. Everything that comes from data is escaped.

A figure shows two places; all of it stands in its `data` element, which a pointer shows and a program reads.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from html import escape
from typing import Any

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


def exact(value: Decimal) -> str:
    """Every digit, none that says nothing, thousands apart."""
    plain = f"{value:,f}"
    return (plain.rstrip("0").rstrip(".") if "." in plain else plain).replace("-", "−")


def rounded(value: Decimal, signed: bool = False) -> str:
    """To two places, for the eye."""
    places = round(value, 2)
    shown = f"{places:+,.2f}" if signed and places else f"{places or Decimal('0.00'):,.2f}"
    return shown.replace("-", "−")


def figure(value: Decimal | None, signed: bool = False) -> str:
    """A figure to two places, with all of it behind it; nothing is a dash, never a nought."""
    if value is None:
        return '<span class="none" title="not known">–</span>'
    return f'<data value="{value:f}" title="{exact(value)}">{rounded(value, signed)}</data>'


def day(value: date | None) -> str:
    """A day as people write it."""
    return f'<time datetime="{value.isoformat()}">{value.day} {value:%b %Y}</time>' if value else "–"


def name(row: Row) -> str:
    """A portfolio by what tells it apart: its name, its account's last digits, the end of its id."""
    called = escape(row["portfolio_name"] or "no name")
    account = f"…{escape(row['account_number_last4'])} · " if row["account_number_last4"] else ""
    return f'{called} <span class="quiet id">{account}{escape(row["portfolio_id"][-4:])}</span>'


def about(shown: str, is_chosen: bool) -> str:
    """The portfolio a part is about, and why it is this one."""
    return f"<strong>{escape(shown)}</strong>" + ("" if is_chosen else ", the furthest off of this choice")


def words(reason: str | None) -> str:
    """A reason as the marts name it, as words."""
    return escape((reason or "").replace("_", " "))


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


def heatmap(rows: Sequence[Row]) -> str:
    """Portfolio by asset class, each cell its drift, shaded by how far and marked by what that means."""
    classes = sorted({row["asset_class"] for row in rows})
    largest = max((abs(row["drift_percent"]) for row in rows if row["drift_percent"] is not None), default=Decimal(0))
    by_portfolio: dict[str, dict[str, Row]] = {}
    for row in rows:
        by_portfolio.setdefault(row["portfolio_id"], {})[row["asset_class"]] = row
    head = "".join(f'<th scope="col" class="figure">{words(each)}</th>' for each in classes)
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
    why = f" ({row['unknown_reason'].replace('_', ' ')})" if row["unknown_reason"] else ""
    told = (
        f'<span class="mark {state}" title="{row["state"]}{since}{why}" role="img" aria-label="{row["state"]}">{mark}</span>'
    )
    return f'<td class="{side} shade{shade}">{told if mark else ""}{figure(drift, signed=True)}</td>'


def causes_table(label: str, rows: Sequence[Row]) -> str:
    """Portfolio and class with drift before and after, and what moved it."""
    causes = ("change_points", "market_points", "trades_points", "flows_points", "policy_points", "remainder_points")
    heads = ["Portfolio", "Asset class", "Before", "After", *(each.removesuffix("_points").capitalize() for each in causes)]
    lines = (
        [
            name(row),
            words(row["asset_class"]),
            figure(row["drift_before"], signed=True),
            figure(row["drift_after"], signed=True),
            *(figure(row[each], signed=True) for each in causes),
            f"{row['nights_unexplained']} of {row['nights']}"
            + (f" ({words(row['unknown_reason'])})" if row["unknown_reason"] else ""),
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
            words(row["asset_class"]),
            escape(row["breach_kind"]),
            escape(row["direction"]),
            day(row["started_on"]),
            day(row["ended_on"]),
            escape(row["outcome"]),
            figure(row["peak_distance_percent"], signed=True),
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
            *(figure(row[kind], signed=True) for kind in kinds),
            f"{row['nights_known']} of {row['nights']}",
        ]
        for row in rows
    )
    return table(_counted("By account, the lowest first", rows), heads, lines, first=2)


def firm_tiles(rows: Sequence[Row]) -> str:
    """How all accounts of each currency stand together, and of how many of them that is known."""
    told = []
    for row in rows:
        currency = escape(row["currency"])
        of_it = f"{currency}: " if len(rows) > 1 else ""
        if row["accounts_listed"]:
            others = f"{of_it}{row['accounts_inside']} inside, {row['accounts_unknown']} not known"
            if row["accounts_without_policy"]:
                others += f", {row['accounts_without_policy']} without a policy"
            moved = f"{of_it}{row['episodes_opened']} opened, {row['episodes_closed']} closed that night"
            known = f"{currency}, known of {row['accounts_with_net_pnl']} accounts, closed ones counted"
            told += [
                ("Accounts outside policy", f"{row['accounts_outside']} of {row['accounts_listed']}", others),
                ("Open breaches", str(row["episodes_open"]), moved),
                ("Net P&L of the night", figure(row["net_pnl"], signed=True), known),
            ]
        valued = f"{currency}, of {row['portfolios_with_value']} of {row['portfolios']} portfolios"
        told.append(("Worth together", figure(row["total_value"]), valued))
    return tiles(told)


def outside(counts: Row, night: date, since: date | None) -> str:
    """How many portfolios were outside, and of how many that cannot be said."""
    unsaid = [
        f"{counts[kind]:,} {text}"
        for kind, text in (("portfolios_unknown", "not known"), ("portfolios_not_analysed", "not analysed"))
        if counts[kind]
    ]
    known = f"{counts['portfolios_outside']:,} of {counts['portfolios_analysed']:,}"
    return (
        f"{known} portfolios that were analysed on {day(night)}"
        + (f", the longest since {day(since)}" if since else "")
        + (f"; {', '.join(unsaid)}." if unsaid else ".")
    )


def _counted(label: str, rows: Sequence[Row]) -> str:
    """A label that says how many rows are left out, if any are."""
    return f"{label}: {len(rows)} of {rows[0]['found']}" if rows and len(rows) < rows[0]["found"] else label


def legend() -> str:
    """What the marks of the heatmap mean."""
    told = "".join(
        f'<li><span class="mark {state}" aria-hidden="true">{mark}</span> {text}</li>'
        for text, (mark, state) in MARKS.items()
        if mark
    )
    return (
        f'<ul class="bluum-legend">{told}<li><span class="swatch less shade3"></span> less than target</li>'
        '<li><span class="swatch more shade3"></span> more than target</li></ul>'
    )


def tiles(each: Iterable[tuple[str, str, str]]) -> str:
    """A row of tiles: what it is, the figure, what to know of it; the last two are HTML."""
    return (
        '<dl class="bluum-tiles">'
        + "".join(
            f"<div><dt>{escape(what)}</dt><dd>{value}</dd><dd class='quiet'>{note}</dd></div>" for what, value, note in each
        )
        + "</dl>"
    )


def section(title: str, said: str, *contents: str) -> str:
    """A part of the page with its heading and the sentence under it, which is HTML."""
    head = f'<h2>{escape(title)}</h2><p class="said">{said}</p>'
    return f'<section class="bluum" aria-label="{escape(title)}">{head}{"".join(contents)}</section>'


def header(said: str, *contents: str) -> str:
    """The head of the page: which night it shows, and how the firm stands."""
    return f'<header class="bluum"><h1>Drift and P&amp;L</h1><p class="said">{said}</p>{"".join(contents)}</header>'


def controls(*each: object) -> str:
    """What can be chosen; a control of marimo's writes itself as HTML."""
    return f'<section class="bluum-controls" aria-label="What to show">{"".join(f"{one}" for one in each)}</section>'


def empty(title: str, why: str) -> str:
    """What stands where there is nothing to show: why, and what brings it."""
    return section(title, "", f'<p class="bluum-empty">{escape(why)}</p>')


def grid(contents: Iterable[str], wide: bool = False) -> str:
    """Pictures beside each other, as many as there is room for, all of one size."""
    cells = "".join(f"<div>{content}</div>" for content in contents)
    return f'<div class="bluum-grid{" wide" if wide else ""}">{cells}</div>'


def is_outside(row: Row) -> bool:
    """Whether a class is outside its policy, by band or threshold."""
    return row["state"] in ("above its band", "below its band", "over its threshold")


def moment(value: datetime) -> str:
    """A time in UTC, to the minute."""
    return f'<time datetime="{value.isoformat()}">{value.day} {value:%b %Y, %H:%M} UTC</time>'
