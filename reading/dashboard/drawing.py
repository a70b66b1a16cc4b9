"""What the pictures of the dashboard have in common: colours, axes, places and texts, and their calm look, in Altair.

A place on an axis may be a float; whatever is read as a figure is its exact text. What is drawn of which answer is `charts`.

Colours are Okabe and Ito's, which colour-blind readers tell apart; shape, place or a label says the same again.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import altair as alt

from reading.wording import exact

Picture = alt.Chart | alt.LayerChart

BLUE, ORANGE, GREEN, SKY, VERMILLION, PURPLE, GREY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#56B4E9",
    "#D55E00",
    "#CC79A7",
    "#767676",
)
FONT = 'system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif'
NIGHT_OF_BARS = alt.X(
    "night:T",
    timeUnit="utcyearmonthdate",
    title=None,
    axis=alt.Axis(format="%-d %b", tickCount=6, grid=False, labelOverlap="greedy", labelSeparation=12),
)
NIGHT = alt.X("night:T", title=None, scale=alt.Scale(type="utc"), axis=alt.Axis(format="%-d %b", tickCount=5, grid=False))


def chart_of(rows: list[dict[str, Any]]) -> alt.Chart:
    """A chart of these rows, to be told what it marks."""
    return alt.Chart(alt.Data(values=rows))  # type: ignore[no-untyped-call]


def lines(field: str) -> alt.Y:
    """One line of words for each bar that lies, in the order they come."""
    return alt.Y(field, sort=None, title=None, axis=alt.Axis(labelFontSize=12, ticks=False, domain=False))


def labels(base: alt.Chart) -> alt.Chart:
    """The figure of each bar that lies, at its right end."""
    texts: alt.Chart = base.mark_text(align="left", dx=5, fontSize=11, color="#1b1b1b").encode(x="right:Q", text="label:N")
    return texts


def zero() -> alt.Chart:
    """The line that bars stand on."""
    rule: alt.Chart = chart_of([{"zero": 0}]).mark_rule(color="#9a9a9a", strokeWidth=1).encode(y="zero:Q")
    return rule


def finished(chart: alt.Chart | alt.LayerChart | alt.FacetChart, text: str, height: int, title: str = "") -> Picture:
    """A chart as wide as its place, with what it shows in words."""
    options = {"embedOptions": {"actions": False, "renderer": "svg"}}
    named = {"title": alt.Title(title, anchor="start", fontSize=13, fontWeight=600)} if title else {}
    assert isinstance(chart, Picture)
    chart = chart.properties(width="container", height=height, description=text, usermeta=options, **named)
    calm: Picture = (
        chart.configure(font=FONT)
        .configure_mark(aria=False)  # the picture is described as a whole, and the tables have its figures
        .configure_view(stroke=None)
        .configure_axis(
            labelColor="#555555", titleColor="#555555", titleFontWeight="normal", gridColor="#e8e8e8", labelLimit=120
        )
    )
    return calm


def scale(pairs: Mapping[str, str]) -> alt.Scale:
    """Which name has which colour or shape."""
    return alt.Scale(domain=list(pairs), range=list(pairs.values()))


def place(value: Decimal | None) -> float | None:
    """Where on an axis: to the eye a float is the same."""
    return None if value is None else float(value)


def text_of(value: Decimal | int | None, unit: str = "") -> str:
    """A figure with all of its digits, for the box beside the pointer."""
    return "not known" if value is None else exact(Decimal(value)) + unit
