"""When the next request may be sent: as many as the limit permits in a second, and never more.

    place() -> fewer than N are taken -> send -> answered -> free again, a second after the request arrived at the latest

A limit of N a second admits a request if fewer than N arrived in the second before. When ours arrive we do not see: after
they were sent and before their answers came. But no way there and back is shorter than the shortest seen, so that what is
sent a second after an answer, less that shortest way, arrives at least a second after what was answered. What is asked and
how often is `client.py`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from heapq import heappop, heappush
from time import monotonic

Sleep = Callable[[float], Awaitable[None]]
"""Lets so many seconds pass."""
SHARE = 0.97
"""Of a limit, what is used of it at least where ways there and back vary by less than 40 ms (`bench/pace.py`)."""
CLIMB_SECONDS = 10.0
"""After a 429 a quarter of the places is given up, to whoever else uses the key pair; one comes back in this time."""
_MARGIN = 0.001  # seconds, for clocks of different speed
_SAMPLES = 5  # seconds whose shortest ways are kept: how far these lie apart is how much shorter a further one may be


@dataclass
class Place:
    """What one request takes of the limit."""

    is_answered: bool = False


@dataclass
class Pacer:
    """Lets requests be sent within `rate` a second (0: no limit), and holds all while the API asks for a pause."""

    rate: float
    sleep: Sleep = asyncio.sleep
    monotonic: Callable[[], float] = monotonic
    _resume_at: float = 0.0
    _cut_at: float = 0.0
    _gate: asyncio.Lock = field(default_factory=asyncio.Lock)  # first come, first served
    _answered: asyncio.Event = field(default_factory=asyncio.Event)
    _in_flight: int = 0
    _free_at: list[float] = field(default_factory=list)  # a heap: when the places of answered requests are free again
    _ways: dict[int, float] = field(default_factory=dict)  # the shortest there and back of a window, by its number

    def __post_init__(self) -> None:
        self._most = max(1, int(self.rate))
        self._window = max(1.0, self._most / self.rate) if self.rate else 0.0
        self._cut_to = self._most

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Place]:
        """Wait for a place and take it for one request. Whoever has an answer says so: without one, it may arrive late."""
        async with self._gate:
            await self._until_free()
            self._in_flight += 1
        place, sent = Place(), self.monotonic()
        try:
            yield place
        finally:
            self._leave(place, sent)

    def pause(self, seconds: float) -> None:
        """Send nothing for so many seconds, and less after it: the limit is on the key pair, which others may use."""
        now = self.monotonic()
        self._resume_at = max(self._resume_at, now + seconds)
        if now - self._cut_at > self._window:  # of several at once the first one tells all
            self._cut_to, self._cut_at = max(1, self._places(now) * 3 // 4), now

    def _places(self, now: float) -> int:
        return min(self._most, self._cut_to + int((now - self._cut_at) / CLIMB_SECONDS))

    async def _until_free(self) -> None:
        while True:
            now = self.monotonic()
            while self._free_at and self._free_at[0] <= now:
                heappop(self._free_at)
            if now < self._resume_at:
                await self.sleep(self._resume_at - now)
            elif not self.rate or self._in_flight + len(self._free_at) < self._places(now):
                return
            elif self._free_at:
                await self.sleep(self._free_at[0] - now)
            else:
                self._answered.clear()
                await self._answered.wait()

    def _leave(self, place: Place, sent: float) -> None:
        self._in_flight -= 1
        if not self.rate:
            return
        now = self.monotonic()
        if place.is_answered:
            window = int(now // self._window)
            self._ways[window] = min(now - sent, self._ways.get(window, now - sent))
            if len(self._ways) > _SAMPLES:
                del self._ways[max(self._ways, key=self._ways.__getitem__)]
        heappush(self._free_at, now + self._window + _MARGIN - (self._shortest_way() if place.is_answered else 0.0))
        self._answered.set()

    def _shortest_way(self) -> float:
        """What no way there and back falls below, as far as can be told from those seen; 0 before there are enough.

        One of a window counts, not each: requests that are sent together all take longer, and by much the same.
        """
        if len(self._ways) < _SAMPLES:
            return 0.0
        return max(0.0, 2 * min(self._ways.values()) - max(self._ways.values()))
