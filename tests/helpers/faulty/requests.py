"""What was asked: the evidence for pacing, for retries, and for 'no request was repeated'. Keeps no header, no body."""

from collections import Counter, deque
from dataclasses import dataclass
from datetime import datetime

_KEPT = 200_000


@dataclass(frozen=True, slots=True)
class Entry:
    monotonic: float
    clock: datetime
    method: str
    path: str  # as sent: still percent-encoded
    query: str
    status: int  # 0: no answer was sent (a connection fault)
    key: str
    endpoint: str
    request_id: str
    fault: str = ""


class RequestLog:
    def __init__(self) -> None:
        self.entries: deque[Entry] = deque(maxlen=_KEPT)
        self.total = 0
        self.by_status: Counter[int] = Counter()
        self.by_endpoint: Counter[str] = Counter()

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)
        self.total += 1
        self.by_status[entry.status] += 1
        self.by_endpoint[entry.endpoint] += 1

    def clear(self) -> None:
        self.__init__()  # type: ignore[misc]

    def busiest_second(self) -> int:
        """The most requests in any one-second window: what a rate limit is about."""
        times, most, first = [entry.monotonic for entry in self.entries], 0, 0
        for last, moment in enumerate(times):
            while moment - times[first] >= 1.0:
                first += 1
            most = max(most, last - first + 1)
        return most
