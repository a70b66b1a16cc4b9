"""Carries out the faults of one request: spoils an answer, or the connection under it.

Connection faults write to the transport that the server puts into the scope; spoilt answers go the ordinary way.
Which fault it is, is decided in rules.py.
"""

import asyncio
import os
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from helpers.faulty.rules import Rule
from sandbox.server.answers import Answer, ApiError, error

HTML = b"<!doctype html><html><body><h1>We will be right back</h1></body></html>"
_ABSURD_SECONDS = 3600
_FORBIDDEN = ApiError(403, "BLUM-403-001", "this key may not read the resource")
_OFF = ApiError(403, "PRODUCT_NOT_ENABLED", "the Wealth product is not switched on for this tenant")
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


def spoil(rule: Rule, answer: Answer, envelope: bool, now: datetime) -> Answer:
    """The answer that goes out instead of a good one."""
    match rule.kind:
        case "truncated":
            return replace(answer, body=answer.body[: max(len(answer.body) // 2, 1)])
        case "html":
            return Answer(200, HTML, "text/html; charset=utf-8")
        case "content_type":
            return replace(answer, content_type="text/plain")
        case "gzip":
            return replace(answer, body=b"\x1f\x8b\x08\x00not gzip at all", headers=(("content-encoding", "gzip"),))
        case "status":
            return replace(_gateway(rule, envelope), headers=_retry_after(rule, now) if rule.retry_after else ())
        case "rate_limited":
            limited = ApiError(429, "BLUM-429-001", "too many requests")
            return error(limited, envelope, _retry_after(rule, now))
        case "unauthorized":
            return error(ApiError(401, "BLUM-401-003", "key or secret wrong or revoked"), envelope)
        case "forbidden":
            return error(_OFF if rule.frame == "product" else _FORBIDDEN, rule.frame == "envelope")
        case "not_found":
            return error(ApiError(404, "BLUM-404-001", "nothing stored under this id"), envelope)
        case "no_content":
            return Answer(204, b"", None)
    raise ValueError(f"{rule.kind} is not a fault of answers")


def _gateway(rule: Rule, envelope: bool) -> Answer:
    if rule.body == "html":
        return Answer(rule.status, HTML, "text/html")
    if rule.body == "empty":
        return Answer(rule.status, b"", None)
    if rule.body != "json":
        return Answer(rule.status, rule.body.encode())
    code = "BLUM-500-001" if rule.status == 500 else "BLUM-500-017"
    return error(ApiError(rule.status, code, "upstream service unavailable"), envelope)


def _retry_after(rule: Rule, now: datetime) -> tuple[tuple[str, str], ...]:
    given = rule.retry_after or "seconds"
    seconds = max(int(rule.seconds), 1)
    if given == "absent":
        return ()
    if given == "date":
        return (("retry-after", format_datetime(now + timedelta(seconds=seconds), usegmt=True)),)
    if given == "absurd":
        return (("retry-after", str(_ABSURD_SECONDS)),)
    return (("retry-after", str(seconds) if given == "seconds" else str(given)),)


async def break_connection(
    rule: Rule,
    answer: Answer,
    transport: asyncio.Transport,
    receive: Receive,
    refuse: Callable[[float], None],
) -> None:
    """Ends the request without a whole answer, and returns once the connection is gone."""
    match rule.kind:
        case "reset":
            _reset(transport)
        case "refused":
            refuse(rule.seconds)
            _reset(transport)
        case "hold":
            gone = asyncio.ensure_future(_until_gone(receive))
            try:
                await asyncio.wait([gone], timeout=rule.seconds)
            finally:  # also when the server stops meanwhile: a held request never gets an answer
                gone.cancel()
                _reset(transport)
        case "cut":
            transport.write(_head(answer) + answer.body[: len(answer.body) // 2])
            transport.close()
        case "drip":
            transport.write(_head(answer))
            for byte in answer.body:
                if transport.is_closing():
                    break
                transport.write(bytes([byte]))
                await asyncio.sleep(rule.seconds)
            transport.close()
        case _:
            raise ValueError(f"{rule.kind} is not a fault of connections")
    await _until_gone(receive)


def _head(answer: Answer) -> bytes:
    return f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(answer.body)}\r\n\r\n".encode()


def _reset(transport: asyncio.Transport) -> None:
    """Lingering for zero seconds makes the kernel send RST instead of an orderly FIN."""
    # A duplicate, since not every event loop lets the option be set on its own socket object.
    with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as twin:
        twin.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
