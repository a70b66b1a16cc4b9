"""The rate limit: at most n requests of a key in any second (a sliding window); n = 0 is none."""

import time
from collections import deque
from collections.abc import Callable

_WINDOW = 1.0


class RateLimit:
    def __init__(self, per_second: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.per_second = per_second
        self._monotonic = monotonic
        self._seen: dict[str, deque[float]] = {}

    def admit(self, key: str) -> bool:
        """Whether this request may pass; one that may not does not count against the next."""
        if not self.per_second:
            return True
        now, seen = self._monotonic(), self._seen.setdefault(key, deque())
        while seen and now - seen[0] >= _WINDOW:
            seen.popleft()
        if len(seen) >= self.per_second:
            return False
        seen.append(now)
        return True
