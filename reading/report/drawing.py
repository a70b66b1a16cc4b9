"""Shapes of a chart in SVG: a frame with two axes, lines that break where nights are missing, bars, bands.

Takes floats, since they are places on a picture; knows nothing of what the numbers mean. Colours are the page's, by class.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import ceil, floor, isnan, log10

from markupsafe import Markup

EPOCH = date(1970, 1, 1)
NARROW, WIDE = 360, 540
"""Widths of a picture: of a panel among several, and of a chart that has half the page."""
HEIGHT = 180
LEFT, MARGIN, TOP, BOTTOM = 44, 8, 14, 156
FLAT = 1e-9
"""Values that differ by a smaller part of themselves make a flat line: steps between them would be lost in a float."""
SMALLEST = 1e-9
"""The last place of the marts' decimals: what is not above it is drawn as nothing."""


@dataclass
class Frame:
    """The drawing area of one chart: days from left to right, values from the bottom up."""

    first: int
    last: int
    low: float
    high: float
    step: float
    width: int
    shapes: list[str] = field(default_factory=list)

    @classmethod
    def around(cls, days: Sequence[int], values: Iterable[float], width: int, *, zero: bool = False) -> "Frame":
        """A frame that holds these days and values (and zero), its ends on round numbers."""
        known = [value for value in values if not isnan(value)] or [0.0]
        least, most = min(known), max(known)
        if zero:
            least, most = min(least, 0.0), max(most, 0.0)
        span, size = most - least, max(abs(least), abs(most))
        is_flat = span < size * FLAT
        step = _round_step((size if is_flat else span) / 3) if size > SMALLEST else 1.0
        low, high = floor(least / step) * step, ceil(most / step) * step
        return cls(days[0], days[-1], low, high if high > low else low + step, step, width)

    @property
    def right(self) -> int:
        """Where the drawing area ends."""
        return self.width - MARGIN

    def x(self, day: float) -> float:
        """Where a day is; each has its width, so that the first and the last are whole."""
        return LEFT + (day - self.first + 0.5) / (self.last - self.first + 1) * (self.right - LEFT)

    def y(self, value: float) -> float:
        """Where a value is."""
        return BOTTOM - (value - self.low) / (self.high - self.low) * (BOTTOM - TOP)

    def box(self, kind: str, start: float, end: float, top: float, bottom: float) -> None:
        """A rectangle from one day to another, in the picture's heights."""
        left, right = self.x(start), self.x(end)
        size = f'width="{right - left:.1f}" height="{bottom - top:.1f}"'
        self.shapes.append(f'<rect class="{kind}" x="{left:.1f}" y="{top:.1f}" {size}/>')

    def path(self, kind: str, steps: Iterable[str]) -> None:
        """A path of steps that are already places."""
        if drawn := "".join(steps):
            self.shapes.append(f'<path class="{kind}" d="{drawn}"/>')

    def line(self, kind: str, days: Sequence[int], values: Sequence[float], gaps: Sequence[bool]) -> None:
        """A line through the nights that are known; it breaks at one that is not, and where nights are missing."""
        self.path(kind, self._joined(days, values, gaps))

    def _joined(self, days: Sequence[int], values: Sequence[float], gaps: Sequence[bool]) -> Iterator[str]:
        is_drawing = False
        for place, (day, value, is_after_gap) in enumerate(zip(days, values, gaps, strict=True)):
            if isnan(value):
                is_drawing = False
                continue
            goes_on = is_drawing and not is_after_gap
            yield f"{'L' if goes_on else 'M'}{self.x(day):.1f} {self.y(value):.1f}"
            is_last = place + 1 == len(days) or gaps[place + 1] or isnan(values[place + 1])
            if not goes_on and is_last:
                yield "h.01"  # a night alone is a dot
            is_drawing = True

    def svg(self, identity: str, title: str, description: str) -> Markup:
        """The chart, with what it shows for whoever cannot see it."""
        return picture(self.width, HEIGHT, identity, title, description, [*self._grid(), *self.shapes])

    def _grid(self) -> Iterator[str]:
        for number in range(round((self.high - self.low) / self.step) + 1):
            value = self.low + number * self.step
            height = self.y(value)
            kind = "zero" if abs(value) < self.step / 1e6 else "grid"
            yield f'<path class="{kind}" d="M{LEFT} {height:.1f}H{self.right}"/>'
            yield f'<text x="{LEFT - 6}" y="{height + 4:.1f}" text-anchor="end">{short_number(value, self.step)}</text>'
        for day, text in self._months():
            where = self.x(day - 0.5)
            yield f'<path class="tick" d="M{where:.1f} {BOTTOM}v5"/>'
            anchor = "end" if where > self.right - 34 else "start"
            shift = -2 if anchor == "end" else 2
            yield f'<text x="{where + shift:.1f}" y="{HEIGHT - 7}" text-anchor="{anchor}">{text}</text>'

    def _months(self) -> Iterator[tuple[float, str]]:
        """The first days of months, few enough to be read; days of a window that has hardly any month."""
        start, end = EPOCH + timedelta(self.first), EPOCH + timedelta(self.last)
        months = [
            date(start.year + (start.month - 1 + ahead) // 12, (start.month - 1 + ahead) % 12 + 1, 1)
            for ahead in range(1, (end.year - start.year) * 12 + end.month - start.month + 1)
        ]
        if len(months) < 2:
            yield float(self.first), f"{start.day} {start:%b %Y}"
            if self.last - self.first > 5:
                yield float(self.last), f"{end.day} {end:%b}"
            return
        every = ceil(len(months) / 6)
        for place, month in enumerate(months[::every]):
            yield float((month - EPOCH).days), f"{month:%b %Y}" if place == 0 or month.month <= every else f"{month:%b}"


def picture(width: int, height: int, identity: str, title: str, description: str, shapes: Iterable[str]) -> Markup:
    """An SVG of shapes that are written here, with what it shows in words."""
    opened = Markup(
        '<svg viewBox="0 0 {0} {1}" class="chart-{0}" role="img" aria-labelledby="{2}-t {2}-d">'
        '<title id="{2}-t">{3}</title><desc id="{2}-d">{4}</desc>'
    ).format(width, height, identity, title, description)
    return opened + Markup("".join(shapes)) + Markup("</svg>")  # noqa: S704  # what of the data gets into a shape is escaped there


def runs(keys: Sequence[object], gaps: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """The first and last place of each stretch of one key that no missing night interrupts."""
    start = 0
    for place in range(1, len(keys) + 1):
        if place == len(keys) or keys[place] != keys[start] or gaps[place]:
            yield start, place - 1
            start = place


def short_number(value: float, step: float) -> str:
    """A number at an axis, as short as the steps between them allow."""
    for size, unit in ((1e12, "T"), (1e9, "bn"), (1e6, "M"), (1e3, "k")):
        if step >= size or (abs(value) >= size * 10 and step >= size / 10):
            return _minus(value / size, step / size) + (unit if value else "")
    return _minus(value, step)


def _minus(value: float, step: float) -> str:
    places = next(places for places in range(8) if places == 7 or abs(step - round(step, places)) < step / 1e6)
    text = f"{value:.{places}f}"
    return text.replace("-", "−") if text.strip("-0.") else "0"


def _round_step(rough: float) -> float:
    """1, 2, 2.5 or 5 of a power of ten: the least that is not below."""
    power = 10.0 ** floor(log10(rough))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= rough * (1 - 1e-9))
