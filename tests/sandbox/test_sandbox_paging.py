"""limit, offset and has_more; and a rate limit that a frozen stopwatch can test."""

import httpx
import pytest
from helpers.contract import Api
from helpers.faulty.app import FaultyApp

from sandbox.server import Options
from sandbox.server.limits import RateLimit


def walk(api: Api, path: str, limit: int) -> list[str]:
    found: list[str] = []
    while True:
        page = api.json(path, limit=limit, offset=len(found))
        found += [row["id"] for row in page["data"]]
        if not page["has_more"]:
            return found


@pytest.mark.parametrize("limit", [1, 7, 13, 26, 200])
def test_pages_put_together_are_the_whole(api: Api, limit: int) -> None:
    everyone = [account.investor_id for account in api.operator.world.accounts]
    open_now = [a.investor_id for a in api.operator.ledger.accounts(api.operator.clock.market_date())]
    assert set(open_now) <= set(everyone)
    assert walk(api, "/investors", limit) == open_now
    first = api.operator.world.accounts[0]
    rows = api.operator.ledger.positions(first.account_id, api.operator.clock.market_date())
    assert walk(api, f"/investors/{first.investor_id}/positions", limit) == [row.position_id for row in rows]


def test_past_the_end_is_an_empty_page(api: Api) -> None:
    page = api.json("/investors", offset=1000)
    assert (page["data"], page["has_more"]) == ([], False)


def test_a_bare_array_ignores_paging(api: Api) -> None:
    assert api.json("/accounts", limit=1, offset=5) == api.json("/accounts")


def test_default_page_size_and_maximum() -> None:
    from helpers.faulty import running

    with running(Options(accounts=260, rate_limit=0)) as operator:
        api = Api(operator)
        assert len(api.json("/investors")["data"]) == 50
        assert len(api.json("/investors", limit=1000)["data"]) == 200


class Stopwatch:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_window_slides() -> None:
    watch = Stopwatch()
    limit = RateLimit(3, watch)
    assert [limit.admit("k") for _ in range(4)] == [True, True, True, False]
    assert limit.admit("another key")
    watch.now += 0.999
    assert not limit.admit("k")
    watch.now += 0.001
    assert [limit.admit("k") for _ in range(4)] == [True, True, True, False]
    assert all(RateLimit(0, watch).admit("k") for _ in range(1000))


@pytest.mark.parametrize(("path", "envelope"), [("/v1/accounts", False), ("/v1/investors", True)])
def test_too_many_requests(path: str, envelope: bool) -> None:
    import asyncio

    watch = Stopwatch()
    app = FaultyApp(Options(rate_limit=2), monotonic=watch)

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app)
        auth = ("sandbox-key", "sandbox-secret")
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox", auth=auth) as client:
            answers = [await client.get(path) for _ in range(3)]
            watch.now += 1
            return [*answers, await client.get(path)]

    answers = asyncio.run(ask())
    assert [answer.status_code for answer in answers] == [200, 200, 429, 200]
    body = answers[2].json()["error"] if envelope else answers[2].json()
    assert body["code"] == "BLUM-429-001"
    assert answers[2].headers["retry-after"] == "1"
    assert app.requests.by_status == {200: 3, 429: 1}
    assert app.requests.busiest_second() == 3
