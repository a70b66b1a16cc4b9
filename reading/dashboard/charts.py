"""Answers as pictures, in Altair. A place on an axis may be a float; whatever is read as a figure is its exact text.

Colours are Okabe and Ito's, which colour-blind readers tell apart; shape, place or a label says the same again.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import altair as alt

from reading.dashboard.parts import exact, rounded

Row = Mapping[str, Any]
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
CAUSES = {"market": BLUE, "trades": GREEN, "flows": SKY, "policy": VERMILLION, "remainder": GREY}
FONT = 'system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif'
STATES = {
    "above its band": (VERMILLION, "triangle-up"),
    "below its band": (BLUE, "triangle-down"),
    "over its threshold": (PURPLE, "diamond"),
}
_NIGHT_OF_BARS = alt.X(
    "night:T", timeUnit="utcyearmonthdate", title=None, axis=alt.Axis(format="%-d %b", tickCount=6, grid=False)
)
_NIGHT = alt.X("night:T", title=None, scale=alt.Scale(type="utc"), axis=alt.Axis(format="%-d %b", tickCount=5, grid=False))


def allocation(asset_class: str, rows: Iterable[Row]) -> Picture:
    """Actual, target and band of one class, night by night; a night that is not there is a gap in all of them."""
    rows = list(rows)
    points = [
        {
            "night": _day(row["as_of_date"]),
            "actual": _place(row["actual_percent"]),
            "target": _place(row["target_percent"]),
            "from": _place(row["min_percent"]),
            "to": _place(row["max_percent"]),
            "state": row["state"],
            "Night": _day(row["as_of_date"]),
            "Actual": _text(row["actual_percent"], " %"),
            "Target": _text(row["target_percent"], " %"),
            "Band": f"{_text(row['min_percent'])} to {_text(row['max_percent'], ' %')}",
            "Policy version": _text(row["policy_version"]),
            "State": row["state"],
        }
        for row in rows
    ]
    told = [alt.Tooltip(f"{name}:N") for name in ("Night", "Actual", "Target", "Band", "Policy version", "State")]
    base = _chart(points).encode(x=_NIGHT)
    band = base.mark_area(color=SKY, opacity=0.28, interpolate="step-after").encode(
        y=alt.Y("from:Q", title="percent", scale=alt.Scale(zero=False)), y2="to:Q"
    )
    target = base.mark_line(color=GREY, strokeDash=[4, 3], strokeWidth=1.4, interpolate="step-after").encode(y="target:Q")
    actual = base.mark_line(color="#1b1b1b", strokeWidth=1.8).encode(y="actual:Q")
    nights = base.mark_circle(size=22, color="#1b1b1b").encode(y="actual:Q", tooltip=told)
    outside = (
        base.transform_filter(alt.FieldOneOfPredicate("state", list(STATES)))
        .mark_point(filled=True, size=64, opacity=1)
        .encode(
            y="actual:Q",
            color=alt.Color("state:N", scale=_scale({k: c for k, (c, _) in STATES.items()}), legend=None),
            shape=alt.Shape("state:N", scale=_scale({k: s for k, (_, s) in STATES.items()}), legend=None),
            tooltip=told,
        )
    )
    breaches = sum(row["state"] in STATES for row in rows)
    seen = sum(row["actual_percent"] is not None for row in rows)
    text = f"{asset_class}: share against target and band over {seen} nights, {breaches} of them outside"
    return _finished(alt.layer(band, target, actual, nights, outside), text, 190, asset_class.replace("_", " "))


def bridge(rows: Sequence[Row], unit: str, text: str, title: str = "") -> Picture:
    """From where it was to where it is: each step begins where the one before it ended."""
    bars = [
        {
            "line": row["line"],
            "from": _place(row["starts_at"]),
            "to": _place(row["ends_at"]),
            "kind": "level" if row["is_level"] else "up" if (row["amount"] or 0) >= 0 else "down",
            "label": "not known" if row["amount"] is None else rounded(row["amount"], signed=not row["is_level"]),
            "right": _place(max(row["starts_at"], row["ends_at"])) if row["ends_at"] is not None else 0.0,
            "Line": row["line"],
            "Amount": _text(row["amount"], unit),
        }
        for row in rows
    ]
    base = _chart(bars).encode(y=_lines("line:N"))
    kinds = alt.Color("kind:N", scale=_scale({"level": "#4a4a4a", "up": GREEN, "down": VERMILLION}), legend=None)
    told = [alt.Tooltip("Line:N"), alt.Tooltip("Amount:N")]
    drawn = base.mark_bar(height=16, cornerRadius=2).encode(
        x=alt.X("from:Q", title=unit.strip(), scale=alt.Scale(padding=76)), x2="to:Q", color=kinds, tooltip=told
    )
    return _finished(alt.layer(drawn, _labels(base)), text, 28 * len(bars), title)


def causes(rows: Iterable[Row], text: str) -> Picture:
    """What moved drift, night by night, stacked; the table beside it says the same in figures."""
    bars = [
        {
            "night": _day(row["as_of_date"]),
            "cause": row["cause"],
            "points": _place(row["points"]),
            "Night": _day(row["as_of_date"]),
            "Cause": row["cause"],
            "Points": _text(row["points"]),
        }
        for row in rows
        if row["points"]
    ]
    chart = (
        _chart(bars)
        .mark_bar(width={"band": 0.8})
        .encode(
            x=_NIGHT_OF_BARS,
            y=alt.Y("points:Q", title="points of drift"),
            color=alt.Color(
                "cause:N", scale=_scale(CAUSES), legend=alt.Legend(orient="top", title=None, symbolType="square")
            ),
            tooltip=[alt.Tooltip(f"{name}:N") for name in ("Night", "Cause", "Points")],
        )
    )
    return _finished(chart, text, 220)


def earned(currency: str, made_of: Iterable[Row], nights: Iterable[Row], classes: Iterable[Row]) -> tuple[Picture, ...]:
    """What was earned in one currency: what it is made of, added up, each night, and by asset class."""
    steps, days, names = ([row for row in rows if row["currency"] == currency] for rows in (made_of, nights, classes))
    title = f"Net P&L in {currency}, and what it is made of"
    return (
        bridge(steps, f" {currency}", title, title="What it is made of"),
        earned_so_far(days, currency),
        earned_by_night(days, currency),
        by_class(names, currency),
    )


def earned_by_night(rows: Iterable[Row], currency: str) -> Picture:
    """Net P&L of each night: up or down by side and colour."""
    bars = [
        {
            "night": _day(row["as_of_date"]),
            "pnl": _place(row["net_pnl"]),
            "side": "gain" if row["net_pnl"] >= 0 else "loss",
            "Night": _day(row["as_of_date"]),
            "Net P&L": _text(row["net_pnl"], f" {currency}"),
            "Known of": f"{row['accounts_known']} of {row['accounts']} accounts",
        }
        for row in rows
        if row["net_pnl"] is not None
    ]
    chart = (
        _chart(bars)
        .mark_bar(width={"band": 0.8})
        .encode(
            x=_NIGHT_OF_BARS,
            y=alt.Y("pnl:Q", title=currency, axis=alt.Axis(format="~s")),
            color=alt.Color("side:N", scale=_scale({"gain": GREEN, "loss": VERMILLION}), legend=None),
            tooltip=[alt.Tooltip(f"{name}:N") for name in ("Night", "Net P&L", "Known of")],
        )
    )
    return _finished(alt.layer(chart, _zero()), f"Net P&L of each night in {currency}", 190, "Each night")


def earned_so_far(rows: Iterable[Row], currency: str) -> Picture:
    """Net P&L added up since the first night of the span; a night that is not there is a gap."""
    points = [
        {
            "night": _day(row["as_of_date"]),
            "pnl": _place(row["net_pnl_so_far"]),
            "Night": _day(row["as_of_date"]),
            "Net P&L so far": _text(row["net_pnl_so_far"], f" {currency}"),
        }
        for row in rows
    ]
    base = _chart(points).encode(x=_NIGHT, y=alt.Y("pnl:Q", title=currency, axis=alt.Axis(format="~s")))
    told = [alt.Tooltip(f"{name}:N") for name in ("Night", "Net P&L so far")]
    line, nights = base.mark_line(color=BLUE, strokeWidth=1.8), base.mark_circle(color=BLUE, size=22).encode(tooltip=told)
    return _finished(
        alt.layer(line, nights, _zero()), f"Net P&L added up, in {currency}", 190, "Added up since the first night"
    )


def by_class(rows: Iterable[Row], currency: str) -> Picture:
    """What each asset class earned."""
    bars = [
        {
            "class": row["asset_class"].replace("_", " "),
            "pnl": _place(row["pnl"]),
            "side": "gain" if row["pnl"] >= 0 else "loss",
            "label": rounded(row["pnl"], signed=True),
            "right": max(0.0, float(row["pnl"])),
            "Class": row["asset_class"],
            "P&L": _text(row["pnl"], f" {currency}"),
        }
        for row in rows
        if row["pnl"] is not None
    ]
    base = _chart(bars).encode(y=_lines("class:N"))
    drawn = base.mark_bar(height=16, cornerRadius=2).encode(
        x=alt.X("pnl:Q", title=currency, axis=alt.Axis(format="~s"), scale=alt.Scale(padding=76)),
        color=alt.Color("side:N", scale=_scale({"gain": GREEN, "loss": VERMILLION}), legend=None),
        tooltip=[alt.Tooltip("Class:N"), alt.Tooltip("P&L:N")],
    )
    return _finished(
        alt.layer(drawn, _labels(base)), f"P&L by asset class in {currency}", 28 * max(1, len(bars)), "By asset class"
    )


def _lines(field: str) -> alt.Y:
    """One line of words for each bar that lies, in the order they come."""
    return alt.Y(field, sort=None, title=None, axis=alt.Axis(labelFontSize=12, ticks=False, domain=False))


def _labels(base: alt.Chart) -> alt.Chart:
    """The figure of each bar that lies, at its right end."""
    labels: alt.Chart = base.mark_text(align="left", dx=5, fontSize=11, color="#1b1b1b").encode(x="right:Q", text="label:N")
    return labels


def _zero() -> alt.Chart:
    rule: alt.Chart = _chart([{"zero": 0}]).mark_rule(color="#9a9a9a", strokeWidth=1).encode(y="zero:Q")
    return rule


def _chart(rows: list[dict[str, Any]]) -> alt.Chart:
    return alt.Chart(alt.Data(values=rows))  # type: ignore[no-untyped-call]


def _finished(chart: alt.Chart | alt.LayerChart | alt.FacetChart, text: str, height: int, title: str = "") -> Picture:
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


def _scale(pairs: Mapping[str, str]) -> alt.Scale:
    return alt.Scale(domain=list(pairs), range=list(pairs.values()))


def _place(value: Decimal | None) -> float | None:
    """Where on an axis: to the eye a float is the same."""
    return None if value is None else float(value)


def _day(value: date) -> str:
    return value.isoformat()


def _text(value: Decimal | int | None, unit: str = "") -> str:
    return "not known" if value is None else exact(Decimal(value)) + unit
