"""The ASGI application: credentials, rate limit, outages, dispatch, cache; in this order.

    scope -> route -> (401) -> (429) -> (405) -> outage -> endpoint or cache -> answer

A plain ASGI callable: a framework would decode paths before splitting them, and cost more than the answer. Meanings
of paths are in endpoints.py. `respond` and `finish` are the seams at which the tests' faulty sandbox breaks things.
"""

import asyncio
import base64
import binascii
import hmac
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from sandbox.server.answers import Answer, ApiError, error
from sandbox.server.endpoints import Endpoints
from sandbox.server.limits import RateLimit
from sandbox.server.options import Options
from sandbox.server.outages import Outages
from sandbox.server.params import Params
from sandbox.server.routes import Route, route_of
from sandbox.world.clock import Clock
from sandbox.world.registry import WorldOptions
from sandbox.world.world import World

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_CACHED = 50_000
_log = logging.getLogger("sandbox")


@dataclass(frozen=True)
class Asked:
    """One request: where it leads, who asked, and when by the monotonic clock."""

    at: float
    method: str
    path: str  # as sent: still percent-encoded
    query: str
    route: Route
    request_id: str
    key: str

    @property
    def target(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


class SandboxApp:
    def __init__(
        self,
        options: Options,
        monotonic: Callable[[], float] = time.monotonic,
        world: Callable[[WorldOptions], World] = World,
    ) -> None:
        self.options = options
        self.clock = Clock(options.start)
        self.world = world(WorldOptions(options.accounts, options.seed, options.stale_one_in))
        self.outages = Outages(options.seed)
        self._limit = RateLimit(options.rate_limit, monotonic)
        self._monotonic = monotonic
        self._endpoints = Endpoints(self.world, self.clock)
        self._cache: dict[tuple[str, str], Answer] = {}
        self._cached_for: tuple[object, ...] = ()
        self._date: tuple[datetime, str] = (datetime.min, "")
        self._count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        self._count += 1
        raw_path = scope.get("raw_path") or scope["path"].encode()
        path, query = raw_path.decode("latin-1"), scope["query_string"].decode("latin-1")
        credentials = _credentials(scope["headers"])
        key, request_id = credentials[0] or "", f"req_{self._count:012d}"
        asked = Asked(self._monotonic(), scope["method"], path, query, route_of(path), request_id, key)
        answer = self._refusal(asked, credentials) or await self.respond(asked, scope, receive)
        if answer is not None:
            await self.finish(asked, answer, send)

    async def respond(self, asked: Asked, scope: Scope, receive: Receive) -> Answer | None:
        """The answer to a request that may be answered; None: the connection is gone, and there is nobody to tell."""
        if self.options.latency:
            await asyncio.sleep(self.options.latency)
        trouble = self.outages.of(self.account_ids(asked.route), asked.target)
        return error(trouble, asked.route.investor_surface) if trouble else self.answer(asked)

    def answer(self, asked: Asked) -> Answer:
        """What is true now, from the cache while neither the minute nor the world has changed."""
        moment = self.clock.now().replace(second=0, microsecond=0)
        state = (moment, self.clock.revision, self.world.revision)
        if state != self._cached_for or len(self._cache) > _CACHED:
            self._cache.clear()
            self._cached_for = state
        place = (asked.path, asked.query)
        answer = self._cache.get(place)
        if answer is None:
            answer = self._fresh(asked)
            if answer.status == 200:
                self._cache[place] = answer
        return answer

    async def finish(self, asked: Asked, answer: Answer, send: Send) -> None:
        headers = [(b"date", self._date_header().encode()), (b"x-request-id", asked.request_id.encode())]
        if answer.content_type is not None:
            headers.append((b"content-type", answer.content_type.encode()))
        if answer.status != 204:
            headers.append((b"content-length", b"%d" % len(answer.body)))
        headers += [(name.encode(), value.encode()) for name, value in answer.headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    def account_ids(self, route: Route) -> tuple[str, ...]:
        """Both ids of the account that a request is about, or the one it names where there is no such account."""
        account = self.world.account(route.account_id) if route.account_id else None
        return (account.account_id, account.investor_id) if account else (route.account_id,)

    def _refusal(self, asked: Asked, credentials: tuple[str | None, str, str]) -> Answer | None:
        envelope = asked.route.investor_surface
        key, secret, problem = credentials
        if problem:
            return error(ApiError(401, problem, "no usable Authorization header"), envelope)
        good = hmac.compare_digest((key or "").encode(), self.options.key.encode())
        if not hmac.compare_digest(secret.encode(), self.options.secret.encode()) or not good:
            return error(ApiError(401, "BLUM-401-003", "key or secret wrong or revoked"), envelope)
        if not self._limit.admit(asked.key):
            limited = ApiError(429, "BLUM-429-001", "too many requests")
            headers = (("retry-after", "1"), ("x-ratelimit-limit", str(self._limit.per_second)))
            return error(limited, envelope, (*headers, ("x-ratelimit-remaining", "0")))
        if asked.method != "GET":
            wrong = ApiError(405, "BLUM-405-001", "this sandbox is read-only: GET")
            return error(wrong, envelope, (("allow", "GET"),))
        return None

    def _fresh(self, asked: Asked) -> Answer:
        route = asked.route
        try:
            if route.wealth and not self.options.wealth_enabled:
                raise ApiError(403, "PRODUCT_NOT_ENABLED", "the Wealth product is not switched on for this tenant")
            return self._endpoints.answer(route, Params(asked.query))
        except ApiError as refused:
            return error(refused, route.investor_surface)
        except Exception:
            _log.exception("the sandbox itself failed on %s", asked.path)
            return error(ApiError(500, "BLUM-500-001", "internal error"), route.investor_surface)

    def _date_header(self) -> str:
        now = self.clock.now().replace(microsecond=0)
        if self._date[0] != now:
            self._date = now, format_datetime(now, usegmt=True)
        return self._date[1]


def _credentials(headers: list[tuple[bytes, bytes]]) -> tuple[str | None, str, str]:
    """Key, secret, and the code of what is wrong with the header (empty: nothing)."""
    given = next((value for name, value in headers if name == b"authorization"), None)
    if given is None:
        return None, "", "BLUM-401-001"
    scheme, _, encoded = given.partition(b" ")
    try:
        pair = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None, "", "BLUM-401-002"
    key, colon, secret = pair.partition(":")
    if scheme.lower() != b"basic" or not colon:
        return None, "", "BLUM-401-002"
    return key, secret, ""


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
