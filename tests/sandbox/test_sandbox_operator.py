"""The operator's side: control endpoints, the clock, the wipe, the story, start-up, and what importing costs."""

import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import httpx
import pytest
from sandbox_api import Api

from sandbox.clock import NEW_YORK, Clock, iso, market_date
from sandbox.exact import text
from sandbox.options import Options
from sandbox.server import running
from sandbox.story import play, tell
from sandbox.world import World, WorldOptions


def control(api: Api, method: str, path: str, **more: object) -> httpx.Response:
    return httpx.request(method, f"{api.operator.origin}/_sandbox/{path}", **more)  # type: ignore[arg-type]


def test_clock_over_http(fresh: Api) -> None:
    moved = control(fresh, "POST", "clock", json={"now": "2021-07-05T22:00:00-04:00"})
    assert moved.json() == {"now": "2021-07-06T02:00:00Z", "market_date": "2021-07-05"}
    assert control(fresh, "GET", "clock").json() == moved.json()
    assert fresh.get("/accounts").headers["date"] == "Tue, 06 Jul 2021 02:00:00 GMT"
    assert control(fresh, "POST", "clock", json={"now": "2021-07-05T22:00:00"}).status_code == 400
    later = control(fresh, "POST", "clock", json={"advance_seconds": 3600}).json()
    assert later["now"] == "2021-07-06T03:00:00Z"


def test_request_log_over_http(fresh: Api) -> None:
    fresh.get("/investors", limit=3)
    httpx.get(fresh.operator.base_url + "/accounts")
    log = control(fresh, "GET", "requests").json()
    assert (log["total"], log["by_status"], log["by_endpoint"]) == (
        2,
        {"200": 1, "401": 1},
        {"accounts": 1, "investors": 1},
    )
    first = log["requests"][0]
    assert (first["path"], first["query"], first["key"]) == ("/v1/investors", "limit=3", "sandbox-key")
    assert fresh.operator.secret not in control(fresh, "GET", "requests").text
    assert control(fresh, "GET", "requests", params={"limit": 1}).json()["requests"][0]["status"] == 401
    assert control(fresh, "DELETE", "requests").status_code == 204
    assert control(fresh, "GET", "requests").json()["total"] == 0


def test_faults_over_http(fresh: Api) -> None:
    control(fresh, "POST", "faults", json=[{"kind": "status", "status": 502, "count": 1}])
    assert [fresh.client.get("/accounts").status_code for _ in range(2)] == [502, 200]
    assert control(fresh, "GET", "faults").json()[0]["fired"] == 1
    control(fresh, "DELETE", "faults")
    assert control(fresh, "GET", "faults").json() == []


def test_corrections_over_http_show_from_their_time_on(fresh: Api) -> None:
    account = fresh.operator.world.accounts[1]
    path = f"/wealth/accounts/{account.account_id}/reports/pnl"
    window = {"start_date": "2022-06-01", "end_date": "2022-06-10"}
    before = fresh.json(path, **window)["summary"]
    given = {"account_id": account.investor_id, "measure": "fees_paid", "amount": "1.125", "date": "2022-06-03"}
    assert control(fresh, "POST", "corrections", json=given | {"known_at": "2022-06-16T12:00:00Z"}).status_code == 200
    assert fresh.json(path, **window)["summary"] == before
    fresh.operator.clock.to_night(date(2022, 6, 16))
    after = fresh.json(path, **window)["summary"]
    assert Decimal(after["fees_paid"]) - Decimal(before["fees_paid"]) == Decimal("1.125")
    assert control(fresh, "POST", "corrections", json=given | {"measure": "luck"}).status_code == 400
    assert control(fresh, "POST", "corrections", json={}).status_code == 400


def test_policies_over_http(fresh: Api) -> None:
    account = fresh.operator.world.accounts[4]
    given = {
        "account_id": account.account_id,
        "version": 2,
        "targets": {"stocks": ["50", "45", "55"], "bonds": ["50", "45", "55"]},
        "threshold": "2.50",
        "effective_date": "2022-06-01",
        "published_at": "2022-06-15T12:00:00Z",
    }
    assert control(fresh, "POST", "policies", json=given).status_code == 200
    shown = fresh.json(f"/wealth/accounts/{account.account_id}/investment-policy", include_history="true")
    assert (shown["version"], shown["effective_date"], len(shown["version_history"])) == (2, "2022-06-01", 2)
    assert control(fresh, "POST", "policies", json=given).status_code == 400


def test_a_wipe_changes_every_id_and_nothing_else(fresh: Api) -> None:
    before = fresh.json("/accounts")
    assert control(fresh, "POST", "wipe").json() == {"generation": 1}
    after = fresh.json("/accounts")
    assert len(after) == len(before) and not {row["id"] for row in before} & {row["id"] for row in after}
    assert fresh.get(f"/wealth/accounts/{before[0]['id']}/portfolios").status_code == 404
    assert [row["balance"] for row in before] == [row["balance"] for row in after]


def test_control_is_no_part_of_bluum_and_unknown_things_are_said_so(fresh: Api) -> None:
    assert control(fresh, "GET", "nothing").status_code == 404
    assert control(fresh, "POST", "clock", content=b"{").status_code == 400
    assert fresh.operator.requests.total == 0


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2022-06-15T22:00:00-04:00", date(2022, 6, 15)),
        ("2022-06-16T03:59:59-04:00", date(2022, 6, 15)),
        ("2022-06-16T04:00:00-04:00", date(2022, 6, 16)),
        ("2022-03-13T04:00:00-04:00", date(2022, 3, 13)),  # the night the clocks go forward
        ("2022-11-06T03:59:00-05:00", date(2022, 11, 5)),  # and back
    ],
)
def test_market_date(moment: str, day: date) -> None:
    assert market_date(datetime.fromisoformat(moment)) == day


def test_the_clock_stands_still_unless_told_to_run() -> None:
    seconds = [0.0]
    clock = Clock(monotonic=lambda: seconds[0])
    before = clock.now()
    seconds[0] = 60
    assert clock.now() == before
    clock.tick()
    seconds[0] = 90
    assert clock.now() - before == timedelta(seconds=30)
    clock.set(datetime(2022, 1, 1, tzinfo=UTC))
    seconds[0] = 100
    assert clock.now() == datetime(2022, 1, 1, 0, 0, 10, tzinfo=UTC)


def test_spelling_of_numbers_and_times() -> None:
    shown = [text(Decimal(t)) for t in ("1", "1.10", "1.1234500", "-0.00", "0E-9", "1E+3", "-2.5")]
    assert shown == ["1.00", "1.10", "1.12345", "0.00", "0.00", "1000.00", "-2.50"]
    assert text(Decimal(10), 1) == "10.0"
    moments = [datetime(2022, 1, 1, 12, 0, 0, n, tzinfo=NEW_YORK) for n in (0, 5000, 5)]
    assert [iso(m) for m in moments] == [
        "2022-01-01T17:00:00Z",
        "2022-01-01T17:00:00.005Z",
        "2022-01-01T17:00:00.000005Z",
    ]


def test_the_story_has_everything_the_demo_promises() -> None:
    world = World()
    story = tell(world)
    assert len(story.trading_days) == 60 and len(story.nights) == 59
    assert all(world.market.is_trading_day(day) for day in story.trading_days)
    kinds = {event.kind for event in story.events}
    assert kinds >= {"missed_night", "account_fails", "policy_change", "late_policy", "restatement", "account_closes"}
    breaches = {
        portfolio.portfolio_id
        for night in story.nights
        for account in world.ledger.accounts(night)
        for portfolio in account.portfolios
        if any(c.outside for c in world.ledger.drift(portfolio.portfolio_id, night).classes)
    }
    assert len(breaches) >= 4
    assert tell(World(WorldOptions(accounts=1))).events  # a small world has what its accounts can bear


def test_the_story_plays(fresh: Api) -> None:
    story = tell(fresh.operator.world)
    seen = {}
    for night in play(fresh.operator, story):
        assert fresh.operator.clock.market_date() == night
        if any(event.kind == "account_fails" for event in story.on(night)):
            failing = next(e.account_id for e in story.on(night) if e.kind == "account_fails")
            seen[night] = fresh.client.get(f"/trading/accounts/{failing}/positions").status_code
    assert list(seen.values()) == [500]
    assert fresh.operator.faults.rules == ()


def test_start_and_stop_are_quick() -> None:
    started = time.monotonic()
    with running(Options()) as operator:
        assert httpx.get(operator.base_url + "/accounts", auth=(operator.key, operator.secret)).status_code == 200
    assert time.monotonic() - started < 3  # well under one second when the machine is idle


def test_importing_is_cheap_and_reaches_into_no_other_part() -> None:
    program = (
        "import sys, sandbox, sandbox.server\n"
        "heavy = {'uvicorn', 'httpx', 'duckdb', 'dagster', 'dlt', 'pipelines', 'assets'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "import sandbox.app, sandbox.transport, sandbox.story\n"
        "assert not {'pipelines', 'assets', 'duckdb', 'dagster', 'dlt'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
