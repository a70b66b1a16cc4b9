"""What stands around tables and pictures: tiles, sentences, sections. Everything that comes from data is escaped."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from markupsafe import escape

from reading.dashboard.tables import MARKS, figure
from reading.wording import day, number

Row = Mapping[str, Any]


def about(shown: str, is_chosen: bool) -> str:
    """The portfolio a part is about, and why it is this one."""
    return f"<strong>{escape(shown)}</strong>" + ("" if is_chosen else ", the furthest off of this choice")


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
                ("Net P&L of the night", figure(row["net_pnl"], "no_pnl"), known),
            ]
        valued = f"{currency}, of {row['portfolios_with_value']} of {row['portfolios']} portfolios"
        told.append(("Worth together", number(row["total_value"], "no_holdings"), valued))
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
