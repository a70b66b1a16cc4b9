"""The sandbox's app with faults at its seams: it looks up what goes wrong with a request, and notes every request.

respond: rules -> delay -> (paging) -> the sandbox's answer -> edits -> spoilt, or the connection broken
finish:  answer -> request log -> the sandbox's way of sending
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from helpers.faulty.broken import break_connection, spoil
from helpers.faulty.requests import Entry, RequestLog
from helpers.faulty.rules import CONNECTION, FaultBook, Plan, Rule
from helpers.faulty.splice import edit
from helpers.faulty.world import RenamedWorld
from sandbox.server.answers import Answer, dump
from sandbox.server.app import Asked, Receive, SandboxApp, Scope, Send
from sandbox.server.options import Options


class FaultyApp(SandboxApp):
    world: RenamedWorld

    def __init__(self, options: Options, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__(options, monotonic, RenamedWorld)
        self.faults = FaultBook(options.seed)
        self.requests = RequestLog()
        self.refuse: Callable[[float], None] = lambda seconds: None  # the server puts its own here
        self._faults_of: dict[str, str] = {}  # request id -> what went wrong with it, until it is noted

    async def respond(self, asked: Asked, scope: Scope, receive: Receive) -> Answer | None:
        plan = self.faults.plan(asked.route, self.account_ids(asked.route), asked.target)
        if plan is None:
            return await super().respond(asked, scope, receive)
        if plan.delay:
            await asyncio.sleep(plan.delay)
        answer = await super().respond(_at_the_page(asked, plan.paging), scope, receive)
        assert answer is not None
        answer = self._faulty(asked, answer, plan)
        if plan.breaking and plan.breaking.kind in CONNECTION:
            self._note(asked, 0, plan.name)
            await break_connection(plan.breaking, answer, scope["sandbox.transport"], receive, self.refuse)
            return None
        self._faults_of[asked.request_id] = plan.name
        return answer

    async def finish(self, asked: Asked, answer: Answer, send: Send) -> None:
        self._note(asked, answer.status, self._faults_of.pop(asked.request_id, ""))
        await super().finish(asked, answer, send)

    def _faulty(self, asked: Asked, answer: Answer, plan: Plan) -> Answer:
        if plan.paging and answer.status == 200:
            answer = replace(answer, body=_paged(answer.body, plan.paging))
        if plan.edits and answer.status == 200:
            answer = replace(answer, body=edit(answer.body, plan.edits))
        if plan.breaking and plan.breaking.kind not in CONNECTION:
            return spoil(plan.breaking, answer, asked.route.investor_surface, self.clock.now())
        return answer

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


def _at_the_page(asked: Asked, fault: Rule | None) -> Asked:
    """The request for the page that comes instead: the first one again, or one a few items off."""
    query = dict(parse_qsl(asked.query, keep_blank_values=True))
    offset = query.get("offset", "0")
    if fault is None or fault.kind not in ("repeat", "shift") or not offset.isdigit() or not int(offset):
        return asked
    moved = 0 if fault.kind == "repeat" else max(int(offset) + fault.shift, 0)
    return replace(asked, query=urlencode(query | {"offset": str(moved)}))


def _paged(body: bytes, fault: Rule) -> bytes:
    """The page with what the fault says of it: that there is more, or nobody at all."""
    page: Any = json.loads(body)
    if fault.kind == "empty_roster":
        page = page | {"data": [], "has_more": False} if isinstance(page, dict) else []
    elif fault.kind in ("endless", "repeat") and isinstance(page, dict) and "has_more" in page:
        page["has_more"] = True
    return dump(page)
