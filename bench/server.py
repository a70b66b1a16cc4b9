"""Bluum as fast as one processor can serve it: the sandbox's own answers, kept as bytes, over the barest HTTP.

    python bench/server.py --accounts 5000                          # no limit, no latency
    python bench/server.py --accounts 1000 --limit 25 --latency 0.010 0.030 --night 2022-06-16

Prints its base URL and answers until its input ends; then prints, as JSON, what reached it. A process of its own, so that
what is measured has a processor to itself. The sandbox proper is sandbox/; this one knows no faults.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter, deque
from datetime import date

from sandbox.server.app import Asked, SandboxApp
from sandbox.server.limits import RateLimit
from sandbox.server.options import Options
from sandbox.server.routes import route_of

COUNT = b"/count"
"""Asked of the server, how many requests it has had; not one of them."""
_HEAD = b"HTTP/1.1 %d -\r\ncontent-type: application/json\r\ndate: %b\r\ncontent-length: %d\r\n\r\n"
_REFUSED = b"HTTP/1.1 429 -\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n"


class Server:
    """What all connections share: the answers, the limit, and what is counted."""

    def __init__(self, accounts: int, limit: int, latency: tuple[float, float], night: date | None = None) -> None:
        self.app = SandboxApp(Options(accounts=accounts, rate_limit=0))
        if night:
            self.app.clock.to_night(night)
        self.limit = RateLimit(limit)
        self.latency = latency
        self.answers: dict[bytes, bytes] = {}
        self.statuses: Counter[int] = Counter()
        self.arrived: deque[float] = deque()
        self.date = self.app._date_header().encode()
        self.answers[b"/v1/accounts"] = self._made(b"/v1/accounts")  # seconds of work for a large book

    def answer(self, target: bytes) -> bytes:
        if target == COUNT:
            return _HEAD % (200, self.date, len(count := b"%d" % len(self.arrived))) + count
        self.arrived.append(time.monotonic())
        if not self.limit.admit(""):
            self.statuses[429] += 1
            return _REFUSED
        if target not in self.answers:
            self.answers[target] = self._made(target)
        self.statuses[200] += 1
        return self.answers[target]

    def _made(self, target: bytes) -> bytes:
        path, _, query = target.decode().partition("?")
        answer = self.app.answer(Asked(0.0, "GET", path, query, route_of(path), "", ""))
        return _HEAD % (answer.status, self.date, len(answer.body)) + answer.body

    def told(self) -> dict[str, object]:
        """What reached the server, and how much of it in its busiest second."""
        busiest, window = 0, deque[float]()
        for moment in self.arrived:
            window.append(moment)
            while moment - window[0] >= 1.0:
                window.popleft()
            busiest = max(busiest, len(window))
        seconds = self.arrived[-1] - self.arrived[0] if self.arrived else 0.0
        return {"statuses": self.statuses, "seconds": round(seconds, 3), "busiest_second": busiest}


class Connection(asyncio.Protocol):
    """One keep-alive connection. A request is its head: nobody sends a body with a GET."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
            target = head.split(b" ", 2)[1]
            if self.server.latency[1]:
                loop = asyncio.get_running_loop()
                loop.call_later(random.uniform(*self.server.latency), self._arrive, target)
            else:
                self.transport.write(self.server.answer(target))

    def _arrive(self, target: bytes) -> None:
        answer = self.server.answer(target)
        asyncio.get_running_loop().call_later(random.uniform(*self.server.latency), self._send, answer)

    def _send(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)


async def serve(server: Server) -> None:
    """Serve until the input ends."""
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: Connection(server), "127.0.0.1", 0)
    host, port = listening.sockets[0].getsockname()
    print(f"http://{host}:{port}/v1", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    listening.close()


def main() -> None:
    """Read the options, serve, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=500)
    parser.add_argument("--limit", type=int, default=0, help="requests a second; 0: none")
    parser.add_argument("--latency", type=float, nargs=2, default=(0.0, 0.0), help="seconds one way, from and to")
    parser.add_argument("--night", type=date.fromisoformat, help="the sandbox's day; default: the one it starts with")
    options = parser.parse_args()
    server = Server(options.accounts, options.limit, tuple(options.latency), options.night)
    asyncio.run(serve(server))
    print(json.dumps(server.told()), flush=True)


if __name__ == "__main__":
    main()
