"""The HTTP client: keeps the pace, sends, waits, tries again. Reads only: it has a `get` and nothing else.

    path, query --pacer.py--> transport.py --decipher (wire.py)--> Exchange, after as many attempts as it takes

The pace is `pacer.py`, what an answer means `wire.py`, which pages a list has `paginator.py`. It waits and tells the time
only by the `sleep` and `monotonic` it is given, so that tests take no time.
"""

import asyncio
import base64
import json
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlencode

import aiohttp
import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_result

from pipelines.api.pacer import Pacer, Sleep
from pipelines.api.transport import Transport
from pipelines.api.wire import Exchange, Outcome, Reply, Sift, decipher, http_date

MAX_FAULTS = 6
MAX_RATE_LIMITED = 20
"""Attempts per request that may end in a fault, and that may be answered 429, before it counts as failed."""
LONGEST_PAUSE = 300.0
"""Seconds for which a 429 may hold all requests. One that asks for more fails its request at once: see `progress.py`."""
LONGEST_WAIT = 60.0
"""Seconds between two attempts at one request, whatever a fault asks for: the night must not wait for one account."""
LARGEST_ANSWER = 512 * 1024**2
"""Bytes, unpacked, of an answer that is read: twice the list of a large book. One without an end would fill the memory."""
_SHORTEST_SECRET = 6
"""Characters of a key or secret that are looked for in error bodies; a shorter one would be found in plain words."""
_FIRST_BACKOFF, _LONGEST_BACKOFF = 0.5, 10.0


class Client:
    """Asks Bluum, one GET at a time or many at once. `timeout` is in seconds, for a whole answer."""

    def __init__(
        self,
        base_url: str,
        key: str,
        secret: str,
        pacer: Pacer,
        *,
        timeout: float = 30.0,
        connections: int = 8,
        sleep: Sleep = asyncio.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.connections = connections
        self._pacer = pacer
        self._sleep = sleep
        self._now = now
        self._timeout = timeout
        self._base_url = base_url
        credentials = base64.b64encode(f"{key}:{secret}".encode()).decode()
        self._secrets = _spellings(credentials, secret, key)
        self._headers = httpx.Headers(
            {
                "Accept": "application/json",
                "Accept-Encoding": "gzip, deflate",
                "Authorization": f"Basic {credentials}",
                "User-Agent": f"bluum-warehouse/{version('bluum-warehouse')}",
            }
        )
        self._transport = Transport(base_url, connections)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.aclose()

    async def get(self, path: str, query: Mapping[str, str], sift: Sift | None = None) -> Exchange:
        """Ask, and ask again while that may help. Never raises for a fault of Bluum's or of the network: the reply says it.

        `path` is below the base URL, its parts percent-encoded; `sift` is for `wire.parse`. Which faults are worth a further
        attempt is `wire.py`.
        """
        attempt = partial(self._attempt, path, query, sift)
        first = await attempt()
        return await self._ask_again(first, attempt) if first.reply.is_transient else first

    async def _attempt(self, path: str, query: Mapping[str, str], sift: Sift | None) -> Exchange:
        async with self._pacer.place() as place:
            exchange = await self._send(path, query, sift)
            place.is_answered = exchange.reply.status is not None
        return exchange

    async def _ask_again(self, first: Exchange, ask: Callable[[], Awaitable[Exchange]]) -> Exchange:
        """Wait and ask until there is an answer, or too many attempts were made; the first one counts as one of them."""
        made = [first]
        attempts = faults = limited = 0

        async def attempt() -> Exchange:
            nonlocal attempts, faults, limited
            exchange = made.pop() if made else await ask()
            attempts += 1
            limited += exchange.reply.status == 429
            faults += exchange.reply.is_transient and exchange.reply.status != 429
            return replace(exchange, started=first.started, attempts=attempts, rate_limited=limited)

        def give_up(state: RetryCallState) -> bool:
            reply = _result(state).reply
            return faults >= MAX_FAULTS or limited >= MAX_RATE_LIMITED or _asks_too_much(reply)

        def wait(state: RetryCallState) -> float:
            reply = _result(state).reply
            seconds: float = min(_FIRST_BACKOFF * 2 ** (state.attempt_number - 1), _LONGEST_BACKOFF) * random.uniform(
                0.5, 1.5
            )
            if reply.status == 429:
                seconds = 1.0 if reply.retry_after is None else reply.retry_after  # 1: what Bluum's own sample assumes
                if not _asks_too_much(reply):  # tenacity asks how long to wait before it asks whether to give up
                    self._pacer.pause(seconds)
                return seconds + random.uniform(0, 0.25)
            return max(seconds, min(reply.retry_after or 0, LONGEST_WAIT))

        retrying = AsyncRetrying(
            retry=retry_if_result(lambda exchange: exchange.reply.is_transient),
            stop=give_up,
            wait=wait,
            sleep=self._sleep,
            retry_error_callback=_result,
        )
        exchange: Exchange = await retrying(attempt)
        return exchange if not exchange.reply.is_transient else replace(exchange, reply=_given_up(exchange))

    async def _send(self, path: str, query: Mapping[str, str], sift: Sift | None) -> Exchange:
        started = self._pacer.monotonic()
        url = f"{self._base_url}{path}?{urlencode(query)}" if query else self._base_url + path
        try:
            async with asyncio.timeout(
                self._timeout
            ):  # for the whole answer: one for each read never ends while bytes drip in
                answer = await self._transport.handle_async_request(httpx.Request("GET", url, headers=self._headers))
                try:
                    content = await _whole(answer)
                finally:
                    await answer.aclose()
        except Exception as error:  # a network's faults, and what nobody foresaw, cost the request, which is told by name
            reply = Reply(Outcome.FAILED, message=_describe(error), is_transient=True)
            return Exchange(reply, b"", started, self._pacer.monotonic())
        now = self._now()
        reply = decipher(answer.status_code, answer.headers, content, now, sift)
        if reply.outcome is not Outcome.OK:
            content = self._without_secrets(content)
            reply = decipher(answer.status_code, answer.headers, content, now, sift)
        return Exchange(
            reply,
            content,
            started,
            self._pacer.monotonic(),
            request_id=answer.headers.get("x-request-id"),
            date=http_date(answer.headers.get("date", "")),
        )

    def _without_secrets(self, content: bytes) -> bytes:
        """An error body without the credentials: some gateways repeat the request in their error page."""
        for spelling in self._secrets:
            content = content.replace(spelling, b"(secret)")
        return content


class _TooLarge(Exception):
    """An answer is larger than any can be."""


async def _whole(answer: httpx.Response) -> bytes:
    """All bytes of an answer, unpacked. Raises _TooLarge."""
    pieces: list[bytes] = []
    size = 0
    async for piece in answer.aiter_bytes():
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST_ANSWER:
            raise _TooLarge(f"the answer has more than {LARGEST_ANSWER // 1024**2} MB")
    return b"".join(pieces)


def _spellings(*texts: str) -> list[bytes]:
    """How these texts may stand in a body: as they are, in JSON, with escaped slashes, percent-encoded; longest first."""
    spelt = {
        spelling.encode()
        for text in texts
        if len(text) >= _SHORTEST_SECRET
        for spelling in (text, json.dumps(text)[1:-1], text.replace("/", "\\/"), quote(text), quote(text, safe=""))
    }
    return sorted(spelt, key=len, reverse=True)


def _result(state: RetryCallState) -> Exchange:
    assert state.outcome is not None
    exchange: Exchange = state.outcome.result()
    return exchange


def _asks_too_much(reply: Reply) -> bool:
    return reply.status == 429 and (reply.retry_after or 0) > LONGEST_PAUSE


def _given_up(exchange: Exchange) -> Reply:
    reply = exchange.reply
    if _asks_too_much(reply):
        why = f"asked to wait {reply.retry_after:.0f} s, longer than the {LONGEST_PAUSE:.0f} s a sync waits"
    else:
        why = f"gave up after {exchange.attempts} attempts"
    return replace(reply, is_transient=False, message=f"{reply.message}; {why}")


def _describe(error: Exception) -> str:
    error = error.__cause__ if isinstance(error.__cause__, aiohttp.ClientError) else error  # which names it more closely
    kind = type(error).__name__
    return f"{kind}: {error}" if str(error) else kind
