"""The HTTP side against a real server on loopback; waiting is recorded instead of done."""

import asyncio
import base64
import gzip
import json
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from helpers.faulty import Sandbox, running

from pipelines.api import client as client_module
from pipelines.api.client import LONGEST_PAUSE, LONGEST_WAIT, MAX_FAULTS, MAX_RATE_LIMITED, Client
from pipelines.api.endpoints import Request, path_of
from pipelines.api.pacer import Pacer
from pipelines.api.wire import Exchange, Outcome, Sift
from pipelines.errors import Unreachable
from sandbox.server import Options
from sandbox.server.routes import route_of


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with running(Options(accounts=2, rate_limit=0)) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(server: Sandbox) -> Iterator[Sandbox]:
    server.requests.clear()
    yield server
    server.faults.clear()


@dataclass
class Time:
    """A clock that only sleeping moves on, and the sleeps in order."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


def asked(
    sandbox: Sandbox,
    time_: Time,
    *,
    times: int = 1,
    path: str = "/accounts",
    query: dict[str, str] | None = None,
    sift: Sift | None = None,
    **more: Any,
) -> list[Exchange]:
    """Ask that often, all at once; no limit of our own, and no waiting but on paper."""

    async def run() -> list[Exchange]:
        pacer = Pacer(0, sleep=time_.sleep, monotonic=lambda: time_.now)
        arguments = {"sleep": time_.sleep, **more}
        async with Client(sandbox.base_url, sandbox.key, sandbox.secret, pacer, **arguments) as client:
            return list(await asyncio.gather(*(client.get(path, query or {}, sift) for _ in range(times))))

    return asyncio.run(run())


# ------------------------------------------------------------------ one good request


def heard(key: str, secret: str, path: str, query: dict[str, str]) -> list[str]:
    """The lines that a client sends, as the other end of the wire sees them."""
    lines: list[str] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.extend((await reader.readuntil(b"\r\n\r\n")).decode().splitlines())
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()
        writer.close()

    async def run() -> None:
        async with await asyncio.start_server(listen, "127.0.0.1", 0) as listener:
            port = listener.sockets[0].getsockname()[1]
            async with Client(f"http://127.0.0.1:{port}/v1", key, secret, Pacer(0)) as client:
                await client.get(path, query)

    asyncio.run(run())
    return lines


def test_a_request_is_a_get_with_basic_credentials_for_json() -> None:
    line, *headers = heard("sandbox-key", "sandbox-secret", "/trading/accounts/a%2Fb/positions", {"refresh_prices": "true"})
    assert line == "GET /v1/trading/accounts/a%2Fb/positions?refresh_prices=true HTTP/1.1"
    assert "authorization: Basic c2FuZGJveC1rZXk6c2FuZGJveC1zZWNyZXQ=" in headers  # sandbox-key:sandbox-secret
    assert "accept: application/json" in headers
    assert not [header for header in headers if header.lower().startswith(("content-length", "transfer-encoding"))]


def test_credentials_of_any_characters_arrive_as_they_are() -> None:
    (sent,) = [line for line in heard("kéy", "p:ss wörd", "/accounts", {}) if line.startswith("authorization: Basic ")]
    assert base64.b64decode(sent.removeprefix("authorization: Basic ")).decode() == "kéy:p:ss wörd"


def test_a_good_answer_keeps_its_bytes_its_request_id_and_its_date(sandbox: Sandbox) -> None:
    (exchange,) = asked(sandbox, Time())
    straight = httpx.get(sandbox.base_url + "/accounts", auth=(sandbox.key, sandbox.secret))
    assert exchange.content == straight.content
    assert exchange.reply.outcome is Outcome.OK
    assert exchange.request_id == sandbox.requests.entries[0].request_id
    assert exchange.date == sandbox.clock.now().replace(microsecond=0)
    assert (exchange.attempts, exchange.rate_limited) == (1, 0)


def test_nothing_but_get_can_be_sent() -> None:
    verbs = {name for name in dir(Client) if not name.startswith("_")}
    assert verbs == {"get"}


def test_no_proxy_of_the_environment_stands_between_this_machine_and_itself(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (exchange,) = asked(sandbox, Time())
    assert exchange.reply.outcome is Outcome.OK


@pytest.mark.parametrize(
    ("bypassed", "seen"), [("", ["CONNECT bluum.invalid:443 HTTP/1.1"]), ("other.invalid, bluum.invalid", [])]
)
def test_the_proxy_of_the_environment_carries_what_is_meant_for_others(
    monkeypatch: pytest.MonkeyPatch, bypassed: str, seen: list[str]
) -> None:
    lines: list[str] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.extend((await reader.readuntil(b"\r\n\r\n")).decode().splitlines()[:1])
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def no_wait(seconds: float) -> None:
        await asyncio.sleep(0)

    async def run() -> Exchange:
        async with await asyncio.start_server(refuse, "127.0.0.1", 0) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
            monkeypatch.setenv("NO_PROXY", bypassed)
            async with Client("https://bluum.invalid/v1", "key", "secret", Pacer(0), sleep=no_wait) as client:
                return await client.get("/accounts", {})

    exchange = asyncio.run(run())
    assert exchange.reply.outcome is Outcome.FAILED
    assert sorted(set(lines)) == seen


def test_a_proxy_that_cannot_be_used_is_named_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://user:password@127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    with pytest.raises(Unreachable, match="kind socks5; nothing was asked") as refused:
        Client("https://bluum.invalid/v1", "key", "secret", Pacer(0))
    assert "password" not in str(refused.value)


def test_an_error_page_that_repeats_the_credentials_is_kept_without_them(sandbox: Sandbox) -> None:
    basic = base64.b64encode(f"{sandbox.key}:{sandbox.secret}".encode()).decode()
    told = f'{{"message": "no such key: {sandbox.key} of Basic {basic}, {sandbox.secret}"}}'
    sandbox.faults.set([{"kind": "status", "status": 400, "body": told}])
    (exchange,) = asked(sandbox, Time())
    assert exchange.reply.message == "no such key: (secret) of Basic (secret), (secret)"
    assert sandbox.secret.encode() not in exchange.content


def test_of_an_error_about_a_roster_no_details_are_told(sandbox: Sandbox) -> None:
    told = '{"code": "BLUM-400-001", "message": "bad", "details": [{"email": "ada@example.com"}]}'
    sandbox.faults.set([{"kind": "status", "status": 400, "body": told}])
    (plain,), (sifted,) = asked(sandbox, Time()), asked(sandbox, Time(), sift=lambda member: member)
    assert (plain.reply.message, sifted.reply.message) == ("bad ([{'email': 'ada@example.com'}])", "bad")


@pytest.mark.parametrize("spell", [str, lambda text: json.dumps(text)[1:-1], lambda text: text.replace("/", "\\/"), quote])
def test_credentials_are_found_however_an_error_page_spells_them(spell: Callable[[str], str]) -> None:
    secret = 'slashes/and "quotes" in it'
    with running(Options(accounts=1, rate_limit=0, secret=secret)) as sandbox:
        sandbox.faults.set([{"kind": "status", "status": 400, "body": f"<html>{spell(secret)}</html>"}])
        (exchange,) = asked(sandbox, Time())
    assert exchange.content == b"<html>(secret)</html>"


@pytest.mark.parametrize("odd", ["a/b", "..", "ü🚀", "a b?c#d%e", "%2e%2e"])
def test_an_odd_id_arrives_as_one_segment(sandbox: Sandbox, odd: str) -> None:
    path, query = path_of(Request("portfolios", odd), "accounts")
    asked(sandbox, Time(), path=path, query=query)
    route = route_of(sandbox.requests.entries[0].path)
    assert (route.endpoint, route.account_id) == ("portfolios", odd)


# ------------------------------------------------------------------ trying again


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("body", ["json", "html", "empty"])
def test_a_gateway_s_fault_is_asked_again_until_it_is_over(sandbox: Sandbox, status: int, body: str) -> None:
    sandbox.faults.set([{"kind": "status", "status": status, "body": body, "count": 2}])
    time_ = Time()
    (exchange,) = asked(sandbox, time_)
    assert (exchange.reply.outcome, exchange.attempts, exchange.rate_limited) == (Outcome.OK, 3, 0)
    assert 0.25 <= time_.slept[0] <= 0.75
    assert 0.5 <= time_.slept[1] <= 1.5
    assert len(time_.slept) == 2


@pytest.mark.parametrize("kind", ["reset", "cut", "gzip", "truncated", "html"])
def test_a_fault_of_transport_is_asked_again(sandbox: Sandbox, kind: str) -> None:
    sandbox.faults.set([{"kind": kind, "count": 1}])
    (exchange,) = asked(sandbox, Time())
    assert (exchange.reply.outcome, exchange.attempts) == (Outcome.OK, 2)


def test_an_answer_that_does_not_come_is_asked_again(sandbox: Sandbox) -> None:
    sandbox.faults.set([{"kind": "hold", "seconds": 30, "count": 1}])
    (exchange,) = asked(sandbox, Time(), timeout=0.2)
    assert (exchange.reply.outcome, exchange.attempts) == (Outcome.OK, 2)


@pytest.mark.parametrize("status", [400, 401, 402, 405, 409, 410, 422, 501, 505])
def test_what_asking_again_cannot_change_is_asked_once(sandbox: Sandbox, status: int) -> None:
    sandbox.faults.set([{"kind": "status", "status": status}])
    time_ = Time()
    (exchange,) = asked(sandbox, time_)
    assert (exchange.reply.outcome, exchange.attempts, time_.slept) == (Outcome.FAILED, 1, [])


@pytest.mark.parametrize(
    ("rule", "outcome"),
    [
        ({"kind": "not_found"}, Outcome.ABSENT),
        ({"kind": "no_content"}, Outcome.ABSENT),
        ({"kind": "forbidden", "frame": "product"}, Outcome.DISABLED),
        ({"kind": "forbidden", "frame": "envelope"}, Outcome.FAILED),
        ({"kind": "forbidden", "frame": "flat"}, Outcome.FAILED),
        ({"kind": "unauthorized"}, Outcome.FAILED),
        ({"kind": "content_type"}, Outcome.OK),  # the body decides, not its label
    ],
)
def test_a_plain_answer_is_taken_at_its_word(sandbox: Sandbox, rule: dict[str, object], outcome: Outcome) -> None:
    sandbox.faults.set([rule])
    (exchange,) = asked(sandbox, Time())
    assert (exchange.reply.outcome, exchange.attempts) == (outcome, 1)


def test_a_fault_that_stays_is_given_up_with_its_reason(sandbox: Sandbox) -> None:
    sandbox.faults.set([{"kind": "status", "status": 503}])
    time_ = Time()
    (exchange,) = asked(sandbox, time_)
    assert exchange.attempts == MAX_FAULTS == len(sandbox.requests.entries)
    assert (exchange.reply.outcome, exchange.reply.is_transient, exchange.reply.status) == (Outcome.FAILED, False, 503)
    assert exchange.reply.message == "upstream service unavailable; gave up after 6 attempts"
    assert max(time_.slept) <= 15.0


def test_nobody_at_the_other_end(sandbox: Sandbox) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]

    async def run(time_: Time) -> Exchange:
        pacer = Pacer(0, sleep=time_.sleep, monotonic=lambda: time_.now)
        async with Client(f"http://127.0.0.1:{port}/v1", "k", "s", pacer, sleep=time_.sleep) as client:
            return await client.get("/accounts", {})

    exchange = asyncio.run(run(Time()))
    assert (exchange.reply.status, exchange.attempts, exchange.content) == (None, MAX_FAULTS, b"")
    assert "ClientConnectorError" in (exchange.reply.message or "")


# ------------------------------------------------------------------ 429


@pytest.mark.parametrize(("given", "seconds"), [("seconds", 7.0), ("date", 7.0), ("absent", 1.0), ("soon", 1.0)])
def test_429_waits_as_long_as_it_was_told(sandbox: Sandbox, given: str, seconds: float) -> None:
    sandbox.faults.set([{"kind": "rate_limited", "retry_after": given, "seconds": 7, "count": 1}])
    time_ = Time()
    (exchange,) = asked(sandbox, time_)
    assert (exchange.reply.outcome, exchange.attempts, exchange.rate_limited) == (Outcome.OK, 2, 1)
    assert seconds <= sum(time_.slept) <= seconds + 0.3


def test_a_date_is_judged_by_the_api_s_clock_and_not_by_ours(sandbox: Sandbox) -> None:
    # The sandbox lives in 2022: by this machine's clock its Retry-After is long over.
    sandbox.faults.set([{"kind": "rate_limited", "retry_after": "date", "seconds": 5, "count": 1}])
    time_ = Time()
    asked(sandbox, time_, now=lambda: datetime(2030, 1, 1, tzinfo=UTC))
    assert sum(time_.slept) >= 5


def test_429_over_and_over_is_given_up(sandbox: Sandbox) -> None:
    sandbox.faults.set([{"kind": "rate_limited", "retry_after": "seconds", "seconds": 1}])
    (exchange,) = asked(sandbox, Time())
    assert exchange.attempts == exchange.rate_limited == MAX_RATE_LIMITED
    assert exchange.reply.outcome is Outcome.FAILED


@pytest.mark.parametrize("odd", [b"HTTP/1.1 404 Non trouv\xe9", b"HTTP/1.1 200 OK\r\nDate: Fri, 31 Dec 9999 23:59:59 -0100"])
def test_an_answer_that_nobody_foresaw_costs_its_request_and_raises_nothing(odd: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(odd + b"\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        writer.close()

    async def ask() -> Exchange:
        time_ = Time()
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
            pacer = Pacer(0, sleep=time_.sleep, monotonic=lambda: time_.now)
            async with Client(url, "k", "s", pacer, sleep=time_.sleep) as client:
                return await client.get("/accounts", {})

    exchange = asyncio.run(ask())
    assert exchange.date is None
    assert exchange.reply.outcome is (Outcome.FAILED if b"404" in odd else Outcome.OK)


def test_an_answer_without_an_end_costs_its_request_and_not_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "LARGEST_ANSWER", 5 * 1024**2)
    packed = gzip.compress(b" " * 64 * 1024**2)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + packed)
        writer.close()

    async def ask() -> Exchange:
        time_ = Time()
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
            async with Client(url, "k", "s", Pacer(0, sleep=time_.sleep), sleep=time_.sleep) as client:
                return await client.get("/accounts", {})

    exchange = asyncio.run(ask())
    assert (exchange.reply.outcome, exchange.content) == (Outcome.FAILED, b"")
    assert "the answer has more than 5 MB" in (exchange.reply.message or "")


@pytest.mark.parametrize("status_rule", [{"kind": "rate_limited"}])
def test_a_pause_beyond_reason_fails_the_request_at_once(sandbox: Sandbox, status_rule: dict[str, object]) -> None:
    sandbox.faults.set([{**status_rule, "retry_after": "absurd"}])
    time_ = Time()
    (exchange,) = asked(sandbox, time_)
    assert (exchange.attempts, time_.slept) == (1, [])
    assert f"asked to wait 3600 s, longer than the {LONGEST_PAUSE:.0f} s a sync waits" in (exchange.reply.message or "")


def test_a_pause_of_minutes_holds_all_requests_and_fails_none(sandbox: Sandbox) -> None:
    sandbox.faults.set([{"kind": "rate_limited", "retry_after": "61", "count": 1}])
    time_ = Time()
    (exchange,) = asked(sandbox, time_)
    assert (exchange.reply.outcome, exchange.attempts) == (Outcome.OK, 2)
    assert 61 <= sum(time_.slept) <= 61.3


def test_a_fault_that_asks_for_minutes_is_asked_again_within_one(sandbox: Sandbox) -> None:
    sandbox.faults.set([{"kind": "status", "status": 503, "retry_after": "3600", "count": 2}])
    time_ = Time()
    (exchange,) = asked(sandbox, time_)
    assert (exchange.reply.outcome, exchange.attempts) == (Outcome.OK, 3)
    assert time_.slept == [LONGEST_WAIT, LONGEST_WAIT]


def test_429_and_faults_are_counted_apart(sandbox: Sandbox) -> None:
    sandbox.faults.set(
        [{"kind": "rate_limited", "count": 8, "seconds": 1}, {"kind": "status", "status": 500, "after": 8, "count": 5}]
    )
    (exchange,) = asked(sandbox, Time())
    assert exchange.reply.outcome is Outcome.OK
    assert (exchange.attempts, exchange.rate_limited) == (14, 8)  # eight 429s, five faults, one answer


# ------------------------------------------------------------------ pacing


def test_a_burst_stays_below_the_published_limit_in_every_second() -> None:
    """The one test that takes real time: thirty requests at ten a second."""

    async def burst(sandbox: Sandbox) -> list[Exchange]:
        async with Client(sandbox.base_url, sandbox.key, sandbox.secret, Pacer(10.0)) as client:
            return list(await asyncio.gather(*(client.get("/accounts", {}) for _ in range(30))))

    with running(Options(accounts=2, rate_limit=10)) as sandbox:
        started = time.monotonic()
        exchanges = asyncio.run(burst(sandbox))
        took = time.monotonic() - started
        assert dict(sandbox.requests.by_status) == {200: 30}
        assert sandbox.requests.busiest_second() <= 10
    assert {exchange.rate_limited for exchange in exchanges} == {0}
    assert took < 6  # below the limit, and not far below


def test_without_a_limit_nobody_waits(sandbox: Sandbox) -> None:
    time_ = Time()
    asked(sandbox, time_, times=30)
    assert (sandbox.requests.total, time_.slept) == (30, [])


def test_a_server_that_is_stricter_than_it_says_is_obeyed() -> None:
    with running(Options(accounts=2, rate_limit=5)) as sandbox:

        async def run() -> list[Exchange]:
            async with Client(sandbox.base_url, sandbox.key, sandbox.secret, Pacer(20.0)) as client:
                return list(await asyncio.gather(*(client.get("/accounts", {}) for _ in range(12))))

        exchanges = asyncio.run(run())
    assert {exchange.reply.outcome for exchange in exchanges} == {Outcome.OK}
    assert sum(exchange.rate_limited for exchange in exchanges) > 0
