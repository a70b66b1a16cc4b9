"""The operator's side, under /_sandbox: clock, request log, faults, corrections, policies, wipe. No part of Bluum.

No credentials, loopback only. Everything here is also plain Python on the running sandbox; this is for other
processes.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from sandbox.answers import Answer, dump
from sandbox.clock import iso
from sandbox.policy import PolicyVersion, Target

if TYPE_CHECKING:
    from sandbox.app import SandboxApp

_LOOPBACK = ("127.0.0.1", "::1")
Given = Mapping[str, Any]


async def answer(
    app: "SandboxApp",
    scope: MutableMapping[str, Any],
    path: str,
    query: str,
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
) -> Answer:
    if scope.get("client") and scope["client"][0] not in _LOOPBACK:
        return _reply(403, {"error": "the control surface answers loopback only"})
    name, method = path.removeprefix("/_sandbox").strip("/"), scope["method"]
    try:
        given = await _json_body(receive) if method == "POST" else {}
        return _act(app, method, name, given, query)
    except (ValueError, KeyError, TypeError, ArithmeticError) as wrong:
        return _reply(400, {"error": str(wrong)})


def _act(app: "SandboxApp", method: str, name: str, given: Any, query: str) -> Answer:
    match method, name:
        case "GET", "clock":
            pass
        case "POST", "clock":
            if "now" in given:
                app.clock.set(datetime.fromisoformat(given["now"]))
            if "advance_seconds" in given:
                app.clock.advance(seconds=given["advance_seconds"])
            if "tick" in given:
                app.clock.tick(bool(given["tick"]))
        case "GET", "requests":
            limit = parse_qs(query).get("limit")
            return _reply(200, app.requests.report(int(limit[0]) if limit else None))
        case "DELETE", "requests":
            app.requests.clear()
            return Answer(204, b"", None)
        case "GET", "faults":
            rules = [asdict(rule) | {"fired": app.faults.fired()[n]} for n, rule in enumerate(app.faults.rules)]
            return _reply(200, rules)
        case "POST", "faults":
            app.faults.set(given if isinstance(given, list) else given["rules"])
            return _reply(200, {"rules": len(app.faults.rules)})
        case "DELETE", "faults":
            app.faults.clear()
            return Answer(204, b"", None)
        case "POST", "corrections":
            _correct(app, given)
            return _reply(200, {"corrections": len(app.world.corrections)})
        case "POST", "policies":
            app.world.publish_policy(given["account_id"], _policy(given))
            return _reply(200, {"version": given["version"]})
        case "POST", "rename":
            app.world.rename(given["old"], given["new"])
            return _reply(200, {"id": given["new"]})
        case "POST", "wipe":
            app.world.wipe()
            return _reply(200, {"generation": app.world.generation})
        case _:
            return _reply(404, {"error": f"no {method} {name} here"})
    return _reply(200, {"now": iso(app.clock.now()), "market_date": app.clock.market_date().isoformat()})


def _correct(app: "SandboxApp", given: Given) -> None:
    known_at = datetime.fromisoformat(given["known_at"]) if "known_at" in given else app.clock.now()
    app.world.correct(
        given["account_id"],
        given["measure"],
        Decimal(given["amount"]),
        date.fromisoformat(given["date"]),
        known_at,
        given.get("symbol"),
    )


def _policy(given: Given) -> PolicyVersion:
    """`targets` is a map from asset class to [target, min, max] in points, as text."""
    return PolicyVersion(
        version=int(given["version"]),
        targets=tuple(
            Target(name, Decimal(target), Decimal(low), Decimal(high))
            for name, (target, low, high) in given["targets"].items()
        ),
        threshold=Decimal(given.get("threshold", "5.00")),
        effective_date=date.fromisoformat(given["effective_date"]),
        published_at=datetime.fromisoformat(given["published_at"]),
        draft=bool(given.get("draft", False)),
    )


def _reply(status: int, value: object) -> Answer:
    return Answer(status, dump(value))


async def _json_body(receive: Callable[[], Awaitable[MutableMapping[str, Any]]]) -> Any:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = bool(message.get("more_body"))
    return json.loads(body or b"{}")
