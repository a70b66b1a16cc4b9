"""The ASGI application: credentials, rate limit, faults, dispatch, cache, log; in this order.

    scope -> route -> (401) -> (429) -> (405) -> fault plan -> endpoint or cache -> edits -> answer

A plain ASGI callable: a framework would decode paths before splitting them, and cost more than the answer. Meanings
of paths are in endpoints.py; /_sandbox is control.py's.
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

from sandbox import broken, control, splice
from sandbox.answers import Answer, ApiError, error
from sandbox.clock import Clock
from sandbox.endpoints import Endpoints
from sandbox.faults import CONNECTION, FaultBook, Plan
from sandbox.limits import RateLimit
from sandbox.options import Options
from sandbox.params import Params
from sandbox.requestlog import Entry, RequestLog
from sandbox.routes import Route, route_of
from sandbox.world import World, WorldOptions

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_CACHED = 50_000
_log = logging.getLogger("sandbox")


@dataclass(frozen=True)
class Asked:
    """One request as the log will tell it."""

    at: float
    method: str
    path: str
    query: str
    route: Route
    request_id: str
    key: str


class SandboxApp:
    def __init__(
        self, options: Options, clock: Clock | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.options = options
        self.clock = clock or Clock(options.start, options.tick)
        self.world = World(WorldOptions(options.accounts, options.seed, options.stale_one_in, options.script))
        self.limit = RateLimit(options.rate_limit, monotonic)
        self.faults = FaultBook(options.seed)
        self.requests = RequestLog()
        self.latency = options.latency
        self.refuse: Callable[[float], None] = lambda seconds: None  # the server puts its own here
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
        raw_path = scope.get("raw_path") or scope["path"].encode()
        path, query = raw_path.decode("latin-1"), scope["query_string"].decode("latin-1")
        if path.startswith("/_sandbox"):
            await self._send(send, await control.answer(self, scope, path, query, receive), "")
            return
        self._count += 1
        route = route_of(path)
        credentials = _credentials(scope["headers"])
        asked = Asked(
            self._monotonic(), scope["method"], path, query, route, f"req_{self._count:012d}", credentials[0] or ""
        )
        refusal = self._refusal(asked, credentials)
        if refusal is not None:
            await self._finish(send, asked, refusal)
            return
        plan = self._plan(route, path, query)
        delay = self.latency + (plan.delay if plan else 0.0)
        if delay:
            await asyncio.sleep(delay)
        if plan is None:
            await self._finish(send, asked, self._answer(asked))
            return
        answer = self._faulty(asked, plan)
        if plan.breaking and plan.breaking.kind in CONNECTION:
            self._note(asked, 0, plan.name)
            await broken.break_connection(plan.breaking, answer, scope["sandbox.transport"], receive, self.refuse)
            return
        await self._finish(send, asked, answer, plan.name)

    # ------------------------------------------------------------- deciding

    def _refusal(self, asked: Asked, credentials: tuple[str | None, str, str]) -> Answer | None:
        envelope = asked.route.investor_surface
        key, secret, problem = credentials
        if problem:
            return error(ApiError(401, problem, "no usable Authorization header"), envelope)
        good = hmac.compare_digest((key or "").encode(), self.options.key.encode())
        if not hmac.compare_digest(secret.encode(), self.options.secret.encode()) or not good:
            return error(ApiError(401, "BLUM-401-003", "key or secret wrong or revoked"), envelope)
        if not self.limit.admit(asked.key):
            limited = ApiError(429, "BLUM-429-001", "too many requests")
            headers = (("retry-after", "1"), ("x-ratelimit-limit", str(self.limit.per_second)))
            return error(limited, envelope, (*headers, ("x-ratelimit-remaining", "0")))
        if asked.method != "GET":
            wrong = ApiError(405, "BLUM-405-001", "this sandbox is read-only: GET")
            return error(wrong, envelope, (("allow", "GET"),))
        return None

    def _plan(self, route: Route, path: str, query: str) -> Plan | None:
        if not self.faults.rules:
            return None
        account = self.world.account(route.account_id) if route.account_id else None
        ids = (account.account_id, account.investor_id) if account else (route.account_id,)
        return self.faults.plan(route, ids, f"{path}?{query}" if query else path)

    def _answer(self, asked: Asked) -> Answer:
        moment = self.clock.now().replace(second=0, microsecond=0)
        state = (moment, self.clock.revision, self.world.revision)
        if state != self._cached_for or len(self._cache) > _CACHED:
            self._cache.clear()
            self._cached_for = state
        place = (asked.path, asked.query)
        answer = self._cache.get(place)
        if answer is None:
            answer = self._fresh(asked, None)
            if answer.status == 200:
                self._cache[place] = answer
        return answer

    def _fresh(self, asked: Asked, plan: Plan | None) -> Answer:
        route = asked.route
        try:
            if route.wealth and not self.options.wealth_enabled:
                raise ApiError(403, "PRODUCT_NOT_ENABLED", "the Wealth product is not switched on for this tenant")
            return self._endpoints.answer(route, Params(asked.query), plan.paging if plan else None)
        except ApiError as refused:
            return error(refused, route.investor_surface)
        except Exception:
            _log.exception("the sandbox itself failed on %s", asked.path)
            return error(ApiError(500, "BLUM-500-001", "internal error"), route.investor_surface)

    def _faulty(self, asked: Asked, plan: Plan) -> Answer:
        answer = self._fresh(asked, plan) if plan.paging else self._answer(asked)
        if plan.edits and answer.status == 200:
            answer = Answer(200, splice.edit(answer.body, plan.edits))
        if plan.breaking and plan.breaking.kind not in CONNECTION:
            return broken.spoil(plan.breaking, answer, asked.route.investor_surface, self.clock.now())
        return answer

    # ------------------------------------------------------------- answering

    def _note(self, asked: Asked, status: int, fault: str) -> None:
        entry = Entry(
            monotonic=asked.at,
            clock=self.clock.now(),
            method=asked.method,
            path=asked.path,
            query=asked.query,
            status=status,
            key=asked.key,
            endpoint=asked.route.endpoint,
            request_id=asked.request_id,
            fault=fault,
        )
        self.requests.add(entry)

    async def _finish(self, send: Send, asked: Asked, answer: Answer, fault: str = "") -> None:
        self._note(asked, answer.status, fault)
        await self._send(send, answer, asked.request_id)

    async def _send(self, send: Send, answer: Answer, request_id: str) -> None:
        headers = [(b"date", self._date_header().encode())]
        if request_id:
            headers.append((b"x-request-id", request_id.encode()))
        if answer.content_type is not None:
            headers.append((b"content-type", answer.content_type.encode()))
        if answer.status != 204:
            headers.append((b"content-length", b"%d" % len(answer.body)))
        headers += [(name.encode(), value.encode()) for name, value in answer.headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

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
