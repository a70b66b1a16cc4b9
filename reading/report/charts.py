"""The charts of the report: what is drawn of which series, and what the picture says in words.

Series come in as floats from the named questions, night by night; nothing is drawn where a night or a figure is missing.
How a shape is written is `drawing.py`.
"""

from dataclasses import dataclass
from datetime import timedelta
from math import isnan
from typing import Any

from markupsafe import Markup, escape

from reading.report.drawing import BOTTOM, EPOCH, NARROW, TOP, WIDE, Frame, picture, runs, short_number
from reading.wording import words

Series = dict[str, list[Any]]
"""Columns of equal length, night after night; `day_number` counts from 1970, `is_after_gap` says that nights are missing."""


@dataclass(frozen=True)
class Chart:
    """A picture and its heading."""

    title: str
    svg: Markup


def drift_panel(asset_class: str, series: Series, window: tuple[int, int], identity: str) -> Chart:
    """Actual, target and band of one class; breaches of band and threshold, and new versions of the policy."""
    days, gaps, actual, target = series["day_number"], series["is_after_gap"], series["actual"], series["target"]
    least, most = series["least"], series["most"]
    frame = Frame.around(window, [*actual, *target, *least, *most], NARROW)
    bands = [None if isnan(a) or isnan(b) else (a, b) for a, b in zip(least, most, strict=True)]
    for first, last in runs(series["is_outside"], gaps):
        if series["is_outside"][first]:
            frame.box("breach", days[first] - 0.5, days[last] + 0.5, TOP, BOTTOM)
            frame.box("breach-mark", days[first] - 0.5, days[last] + 0.5, BOTTOM - 4, BOTTOM)
    for first, last in runs(series["is_over_threshold"], gaps):
        if series["is_over_threshold"][first]:
            frame.box("threshold-mark", days[first] - 0.5, days[last] + 0.5, BOTTOM - 9, BOTTOM - 5)
    for first, last in runs(bands, gaps):
        if (band := bands[first]) is not None:
            frame.box("band", days[first] - 0.5, days[last] + 0.5, frame.y(band[1]), frame.y(band[0]))
    targets = [None if isnan(value) else value for value in target]
    frame.path(
        "target",
        (
            f"M{frame.x(days[first] - 0.5):.1f} {frame.y(value):.1f}H{frame.x(days[last] + 0.5):.1f}"
            for first, last in runs(targets, gaps)
            if (value := targets[first]) is not None
        ),
    )
    frame.line("actual", days, actual, gaps)
    policies = list(zip(series["ips_id"], series["policy_version"], strict=True))
    for place in _changes(policies):
        version = policies[place][1]
        _mark(frame, days[place], "no policy" if version is None else f"v{version}")
    breaches = sum(1 for outside in series["is_outside"] if outside)
    unknown = sum(1 for outside in series["is_outside"] if outside is None)
    ends = f"{short_number(frame.low, frame.step)} to {short_number(frame.high, frame.step)} percent"
    said = f"{_span(days)}. Axis from {ends}. Outside the band on {breaches} of {len(days)} nights."
    if unknown:
        said += f" On {unknown} it is not known."
    if over := sum(1 for is_over in series["is_over_threshold"] if is_over):
        said += f" At or over the threshold on {over}."
    name = words(asset_class)
    return Chart(name, frame.svg(identity, f"{name}: actual share against target and band", said))


def _changes(names: list[Any]) -> list[int]:
    """The places of nights on which something is called otherwise than on the night before."""
    return [place for place in range(1, len(names)) if names[place] != names[place - 1]]


def _mark(frame: Frame, day: int, text: str) -> None:
    """A line from which on something else holds, a policy or a currency, and what."""
    where = frame.x(day - 0.5)
    side, shift = ("end", -3) if where > frame.right - 7 * len(text) else ("start", 3)
    frame.shapes.append(
        f'<path class="change" d="M{where:.1f} {TOP}V{BOTTOM}"/>'
        f'<text class="change-name" x="{where + shift:.1f}" y="{TOP + 9}" text-anchor="{side}">{escape(text)}</text>'
    )


def _mark_currencies(frame: Frame, series: Series) -> str:
    """A mark where amounts begin to be in another currency; returns what to say of it, nothing if they never do."""
    days, currencies = series["day_number"], series.get("currency", [])
    said = ""
    for place in _changes(currencies):
        before, since = (currencies[at] or "no currency" for at in (place - 1, place))
        _mark(frame, days[place], f"{before} → {since}")
        said += f" From {EPOCH + timedelta(days[place])} on in {since}, before in {before}."
    return said


def bars(title: str, series: Series, column: str, window: tuple[int, int], identity: str, what: str) -> Chart:
    """A bar a night, from zero up or down; one that counts over missing nights, or is of some accounts only, is hollow."""
    days, values, gaps = series["day_number"], series[column], series["is_after_gap"]
    partial = series.get("is_partial", [False] * len(days))
    hollow = [gap or part for gap, part in zip(gaps, partial, strict=True)]
    frame = Frame.around(window, values, WIDE, zero=True)
    zero = frame.y(0.0)
    for name, is_up in (("up", True), ("down", False)):
        for is_hollow in (False, True):
            frame.path(
                f"{name} hollow" if is_hollow else name,
                (
                    f"M{frame.x(day - 0.4):.1f} {zero:.1f}V{frame.y(value):.1f}H{frame.x(day + 0.4):.1f}V{zero:.1f}Z"
                    for day, value, wants_hollow in zip(days, values, hollow, strict=True)
                    if value != 0 and (value > 0) is is_up and wants_hollow is is_hollow and not isnan(value)
                ),
            )
    unknown = (day for day, value in zip(days, values, strict=True) if isnan(value))
    frame.path("none", (f"M{frame.x(day):.1f} {zero - 3:.1f}v6" for day in unknown))
    known = sum(1 for value in values if not isnan(value))
    text = f"{_span(days)}. {what} is known of {known} of {len(days)} nights." + _mark_currencies(frame, series)
    if some := sum(1 for value, part in zip(values, partial, strict=True) if part and not isnan(value)):
        text += f" On {some} of them it is of some accounts only."
    return Chart(title, frame.svg(identity, title, text))


def curve(
    title: str, series: Series, column: str, window: tuple[int, int], identity: str, what: str, *, zero: bool = False
) -> Chart:
    """A line a night, begun anew in another currency; with `zero`, the ground is drawn, and what lies between is filled."""
    days, values = series["day_number"], series[column]
    anew = set(_changes(series.get("currency", [])))
    gaps = [is_after_gap or place in anew for place, is_after_gap in enumerate(series["is_after_gap"])]
    frame = Frame.around(window, values, WIDE, zero=zero)
    if zero:
        known = [None if isnan(value) else True for value in values]
        for first, last in runs(known, gaps):
            if known[first] and last > first:
                points = "L".join(f"{frame.x(days[at]):.1f} {frame.y(values[at]):.1f}" for at in range(first, last + 1))
                ground = frame.y(0.0)
                frame.path("fill", [f"M{frame.x(days[first]):.1f} {ground:.1f}L{points}V{ground:.1f}Z"])
    frame.line("actual", days, values, gaps)
    known_nights = sum(1 for value in values if not isnan(value))
    text = f"{_span(days)}. {what} is known of {known_nights} of {len(days)} nights." + _mark_currencies(frame, series)
    return Chart(title, frame.svg(identity, title, text))


def coverage_strip(nights: list[dict[str, Any]]) -> Markup:
    """A column a night, oldest first: full, short, or an empty frame for a session that nobody asked about."""
    wide = (WIDE - 20) / max(30, len(nights))
    shapes = []
    for place, night in enumerate(reversed(nights)):
        left = 10 + place * wide
        kind = "missed" if not night["is_asked"] else "full" if night["is_complete"] else "short"
        top = {"missed": 20, "full": 8, "short": 30}[kind]
        shapes.append(
            f'<rect class="{kind}" x="{left + 1:.1f}" y="{top}" width="{wide - 2:.1f}" height="{52 - top}">'
            f"<title>{night['as_of_date']}: {_COVERAGE[kind]}</title></rect>"
        )
    oldest, newest = nights[-1]["as_of_date"], nights[0]["as_of_date"]
    missed = sum(1 for night in nights if not night["is_asked"])
    short = sum(1 for night in nights if night["is_asked"] and not night["is_complete"])
    shapes.append(f'<text x="10" y="67">{oldest.day} {oldest:%b %Y}</text>')
    shapes.append(f'<text x="{10 + len(nights) * wide:.0f}" y="67" text-anchor="end">{newest.day} {newest:%b}</text>')
    said = f"{len(nights)} nights from {oldest} to {newest}: {short} incomplete, {missed} missed."
    return picture(WIDE, 72, "cover", "Coverage of the newest nights", said, shapes)


_COVERAGE = {"missed": "nobody asked", "full": "complete", "short": "incomplete"}


def _span(days: list[int]) -> str:
    first, last = EPOCH + timedelta(days[0]), EPOCH + timedelta(days[-1])
    return f"{len(days)} nights from {first} to {last}"
