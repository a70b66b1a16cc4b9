"""Closing prices by symbol and day.

Real closes come from prices.csv (2019-12-31 to 2022-12-28); invented symbols walk from their first price in whole
basis points drawn from the seed. A day without trading carries the last close forward; a day past the file's end
carries its last one. Read-only: prices never change with the clock.
"""

import csv
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from sandbox.world.exact import WIDE, pick
from sandbox.world.instruments import INSTRUMENTS

PRICES = Path(__file__).with_name("prices.csv")


class Market:
    def __init__(self, seed: str) -> None:
        self._seed = seed
        self.days, self._closes = _real_closes()
        self.first, self.last = self.days[0], self.days[-1]
        self._index = _index_of_each_day(self.days)

    def index(self, day: date) -> int:
        """The position in `days` of the last trading day on or before `day`."""
        if day >= self.last:
            return len(self.days) - 1
        return self._index.get(day, 0)

    def is_trading_day(self, day: date) -> bool:
        return self.days[self.index(day)] == day

    def next_trading_day(self, day: date) -> date:
        """`day` itself when it trades, else the first trading day after it."""
        found = self.index(day)
        return day if self.days[found] == day else self.days[min(found + 1, len(self.days) - 1)]

    def close(self, symbol: str, day: date) -> Decimal:
        return self.closes(symbol)[self.index(day)]

    def closes(self, symbol: str) -> list[Decimal]:
        series = self._closes.get(symbol)
        return series if series is not None else _walk(self._seed, symbol, len(self.days))


@lru_cache(maxsize=1)
def _real_closes() -> tuple[tuple[date, ...], dict[str, list[Decimal]]]:
    with PRICES.open(newline="") as file:
        header, *rows = csv.reader(file)
    days = tuple(date.fromisoformat(row[0]) for row in rows)
    columns = {symbol: [Decimal(row[place]) for row in rows] for place, symbol in enumerate(header) if place}
    return days, columns


@lru_cache(maxsize=1)
def _index_of_each_day(days: tuple[date, ...]) -> dict[date, int]:
    index, found = {}, 0
    for step in range((days[-1] - days[0]).days + 1):
        day = days[0] + timedelta(days=step)
        if found + 1 < len(days) and days[found + 1] == day:
            found += 1
        index[day] = found
    return index


@lru_cache(maxsize=256)
def _walk(seed: str, symbol: str, length: int) -> list[Decimal]:
    item = INSTRUMENTS[symbol]
    assert item.start is not None, f"{symbol} has neither a real nor an invented price"
    step = Decimal(1).scaleb(-item.places)
    span, price, series = item.step_bp * 100, item.start, []
    for place in range(length):
        series.append(price)
        # Hundredths of a basis point; the floor keeps a long fall from ever reaching zero.
        move = Decimal(pick(-span, span, seed, "walk", symbol, place) + item.trend_bp) / 1_000_000
        price = max(WIDE.quantize(WIDE.multiply(price, 1 + move), step), 10 * step)
    return series
