"""Answers as pictures: what is drawn of which. How a picture looks is `drawing`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import altair as alt

from reading.dashboard.drawing import (
    BLUE,
    GREEN,
    GREY,
    NIGHT,
    NIGHT_OF_BARS,
    PURPLE,
    SKY,
    VERMILLION,
    Picture,
    chart_of,
    finished,
    labels,
    lines,
    place,
    scale,
    text_of,
    zero,
)
from reading.wording import face, words

Row = Mapping[str, Any]
CAUSES = {"market": BLUE, "trades": GREEN, "flows": SKY, "policy": VERMILLION, "remainder": GREY}
STATES = {
    "above its band": (VERMILLION, "triangle-up"),
    "below its band": (BLUE, "triangle-down"),
    "over its threshold": (PURPLE, "diamond"),
}


def allocation(asset_class: str, rows: Iterable[Row]) -> Picture:
    """Actual, target and band of one class, night by night; a night that is not there is a gap in all of them."""
    rows = list(rows)
    points = [
        {
            "night": row["as_of_date"].isoformat(),
            "actual": place(row["actual_percent"]),
            "target": place(row["target_percent"]),
            "from": place(row["min_percent"]),
            "to": place(row["max_percent"]),
            "state": row["state"],
            "Night": row["as_of_date"].isoformat(),
            "Actual": text_of(row["actual_percent"], " %"),
            "Target": text_of(row["target_percent"], " %"),
            "Band": f"{text_of(row['min_percent'])} to {text_of(row['max_percent'], ' %')}",
            "Policy version": text_of(row["policy_version"]),
            "State": row["state"],
        }
        for row in rows
    ]
    told = [alt.Tooltip(f"{name}:N") for name in ("Night", "Actual", "Target", "Band", "Policy version", "State")]
    base = chart_of(points).encode(x=NIGHT)
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
            color=alt.Color("state:N", scale=scale({k: c for k, (c, _) in STATES.items()}), legend=None),
            shape=alt.Shape("state:N", scale=scale({k: s for k, (_, s) in STATES.items()}), legend=None),
            tooltip=told,
        )
    )
    breaches = sum(row["state"] in STATES for row in rows)
    seen = sum(row["actual_percent"] is not None for row in rows)
    text = f"{asset_class}: share against target and band over {seen} nights, {breaches} of them outside"
    return finished(alt.layer(band, target, actual, nights, outside), text, 190, words(asset_class))


def bridge(rows: Sequence[Row], unit: str, text: str, title: str = "") -> Picture:
    """From where it was to where it is: each step begins where the one before it ended."""
    bars = [
        {
            "line": row["line"],
            "from": place(row["starts_at"]),
            "to": place(row["ends_at"]),
            "kind": "level" if row["is_level"] else "up" if (row["amount"] or 0) >= 0 else "down",
            "label": "not known" if row["amount"] is None else face(row["amount"], signed=not row["is_level"]),
            "right": place(max(row["starts_at"], row["ends_at"])) if row["ends_at"] is not None else 0.0,
            "Line": row["line"],
            "Amount": text_of(row["amount"], unit),
        }
        for row in rows
    ]
    base = chart_of(bars).encode(y=lines("line:N"))
    kinds = alt.Color("kind:N", scale=scale({"level": "#4a4a4a", "up": GREEN, "down": VERMILLION}), legend=None)
    told = [alt.Tooltip("Line:N"), alt.Tooltip("Amount:N")]
    drawn = base.mark_bar(height=16, cornerRadius=2).encode(
        x=alt.X("from:Q", title=unit.strip(), scale=alt.Scale(padding=76)), x2="to:Q", color=kinds, tooltip=told
    )
    return finished(alt.layer(drawn, labels(base)), text, 28 * len(bars), title)


def causes(rows: Iterable[Row], text: str) -> Picture:
    """What moved drift, night by night, stacked; the table beside it says the same in figures."""
    bars = [
        {
            "night": row["as_of_date"].isoformat(),
            "cause": row["cause"],
            "points": place(row["points"]),
            "Night": row["as_of_date"].isoformat(),
            "Cause": row["cause"],
            "Points": text_of(row["points"]),
        }
        for row in rows
        if row["points"]
    ]
    chart = (
        chart_of(bars)
        .mark_bar(width={"band": 0.8})
        .encode(
            x=NIGHT_OF_BARS,
            y=alt.Y("points:Q", title="points of drift"),
            color=alt.Color(
                "cause:N", scale=scale(CAUSES), legend=alt.Legend(orient="top", title=None, symbolType="square")
            ),
            tooltip=[alt.Tooltip(f"{name}:N") for name in ("Night", "Cause", "Points")],
        )
    )
    return finished(chart, text, 220)


def earned(currency: str, made_of: Iterable[Row], nights: Iterable[Row], classes: Iterable[Row]) -> tuple[Picture, ...]:
    """What was earned in one currency: what it is made of, added up, each night, and by asset class."""
    steps, days, names = ([row for row in rows if row["currency"] == currency] for rows in (made_of, nights, classes))
    title = "What it is made of" + _known(steps)
    return (
        bridge(steps, f" {currency}", f"Net P&L in {currency}. {title}", title=title),
        earned_so_far(days, currency),
        earned_by_night(days, currency),
        by_class(names, currency),
    )


def _known(steps: Sequence[Row]) -> str:
    """Of how many reports, unless it is of all."""
    known, reports = (steps[0]["reports_known"], steps[0]["reports"]) if steps else (0, 0)
    return f", known of {known:,} of {reports:,} reports" if known < reports else ""


def earned_by_night(rows: Iterable[Row], currency: str) -> Picture:
    """Net P&L of each night: up or down by side and colour."""
    bars = [
        {
            "night": row["as_of_date"].isoformat(),
            "pnl": place(row["net_pnl"]),
            "side": "gain" if row["net_pnl"] >= 0 else "loss",
            "Night": row["as_of_date"].isoformat(),
            "Net P&L": text_of(row["net_pnl"], f" {currency}"),
            "Known of": f"{row['accounts_known']} of {row['accounts']} accounts",
        }
        for row in rows
        if row["net_pnl"] is not None
    ]
    chart = (
        chart_of(bars)
        .mark_bar(width={"band": 0.8})
        .encode(
            x=NIGHT_OF_BARS,
            y=alt.Y("pnl:Q", title=currency, axis=alt.Axis(format="~s")),
            color=alt.Color("side:N", scale=scale({"gain": GREEN, "loss": VERMILLION}), legend=None),
            tooltip=[alt.Tooltip(f"{name}:N") for name in ("Night", "Net P&L", "Known of")],
        )
    )
    return finished(alt.layer(chart, zero()), f"Net P&L of each night in {currency}", 190, "Each night")


def earned_so_far(rows: Iterable[Row], currency: str) -> Picture:
    """Net P&L added up since the first night of the span; a night that is not there is a gap."""
    points = [
        {
            "night": row["as_of_date"].isoformat(),
            "pnl": place(row["net_pnl_so_far"]),
            "Night": row["as_of_date"].isoformat(),
            "Net P&L so far": text_of(row["net_pnl_so_far"], f" {currency}"),
        }
        for row in rows
    ]
    base = chart_of(points).encode(x=NIGHT, y=alt.Y("pnl:Q", title=currency, axis=alt.Axis(format="~s")))
    told = [alt.Tooltip(f"{name}:N") for name in ("Night", "Net P&L so far")]
    line, nights = base.mark_line(color=BLUE, strokeWidth=1.8), base.mark_circle(color=BLUE, size=22).encode(tooltip=told)
    return finished(
        alt.layer(line, nights, zero()), f"Net P&L added up, in {currency}", 190, "Added up since the first night"
    )


def by_class(rows: Iterable[Row], currency: str) -> Picture:
    """What each asset class earned."""
    bars = [
        {
            "class": words(row["asset_class"]),
            "pnl": place(row["pnl"]),
            "side": "gain" if row["pnl"] >= 0 else "loss",
            "label": face(row["pnl"], signed=True),
            "right": max(0.0, float(row["pnl"])),
            "Class": row["asset_class"],
            "P&L": text_of(row["pnl"], f" {currency}"),
        }
        for row in rows
        if row["pnl"] is not None
    ]
    base = chart_of(bars).encode(y=lines("class:N"))
    drawn = base.mark_bar(height=16, cornerRadius=2).encode(
        x=alt.X("pnl:Q", title=currency, axis=alt.Axis(format="~s"), scale=alt.Scale(padding=76)),
        color=alt.Color("side:N", scale=scale({"gain": GREEN, "loss": VERMILLION}), legend=None),
        tooltip=[alt.Tooltip("Class:N"), alt.Tooltip("P&L:N")],
    )
    return finished(
        alt.layer(drawn, labels(base)), f"P&L by asset class in {currency}", 28 * max(1, len(bars)), "By asset class"
    )
