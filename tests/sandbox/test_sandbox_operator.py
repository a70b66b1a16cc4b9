"""The operator's side: the clock, the request log, corrections, the wipe, the story, start-up, and what importing costs."""

import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import httpx
import pytest
from helpers.contract import Api
from helpers.faulty import running

from sandbox.server import Options
from sandbox.world.clock import NEW_YORK, Clock, iso, market_date
from sandbox.world.exact import text
from sandbox.world.policy import PolicyVersion, targets
from sandbox.world.registry import WorldOptions
from sandbox.world.story import tell
from sandbox.world.world import World


def test_the_answers_carry_the_sandboxs_time(fresh: Api) -> None:
    clock = fresh.operator.clock
    clock.set(datetime.fromisoformat("2021-07-05T22:00:00-04:00"))
    assert (iso(clock.now()), clock.market_date()) == ("2021-07-06T02:00:00Z", date(2021, 7, 5))
    assert fresh.get("/accounts").headers["date"] == "Tue, 06 Jul 2021 02:00:00 GMT"
    with pytest.raises(ValueError, match="zone"):
        clock.set(datetime.fromisoformat("2021-07-05T22:00:00"))
    clock.advance(seconds=3600)
    assert iso(clock.now()) == "2021-07-06T03:00:00Z"


def test_every_request_is_remembered_without_its_secret(fresh: Api) -> None:
    fresh.get("/investors", limit=3)
    httpx.get(fresh.operator.base_url + "/accounts")
    log = fresh.operator.requests
    assert (log.total, log.by_status, log.by_endpoint) == (2, {200: 1, 401: 1}, {"accounts": 1, "investors": 1})
    first, second = log.entries
    assert (first.path, first.query, first.key) == ("/v1/investors", "limit=3", "sandbox-key")
    assert fresh.operator.secret not in repr(log.entries)
    assert second.status == 401
    log.clear()
    assert (log.total, list(log.entries)) == (0, [])


def test_faults_come_and_go(fresh: Api) -> None:
    fresh.operator.faults.set([{"kind": "status", "status": 502, "count": 1}])
    assert [fresh.client.get("/accounts").status_code for _ in range(2)] == [502, 200]
    assert fresh.operator.faults.fired()[0] == 1
    fresh.operator.faults.clear()
    assert fresh.operator.faults.rules == ()


def test_corrections_show_from_their_time_on(fresh: Api) -> None:
    account, day = fresh.operator.world.accounts[1], date(2022, 6, 3)
    path = f"/wealth/accounts/{account.account_id}/reports/pnl"
    window = {"start_date": "2022-06-01", "end_date": "2022-06-10"}
    before = fresh.json(path, **window)["summary"]
    known_at = datetime(2022, 6, 16, 12, tzinfo=UTC)
    fresh.operator.world.correct(account.investor_id, "fees_paid", Decimal("1.125"), day, known_at)
    assert fresh.json(path, **window)["summary"] == before
    fresh.operator.clock.to_night(date(2022, 6, 16))
    after = fresh.json(path, **window)["summary"]
    assert Decimal(after["fees_paid"]) - Decimal(before["fees_paid"]) == Decimal("1.125")
    with pytest.raises(ValueError, match="luck"):
        fresh.operator.world.correct(account.investor_id, "luck", Decimal(1), day, known_at)
    with pytest.raises(KeyError, match="nobody"):
        fresh.operator.world.correct("nobody", "fees_paid", Decimal(1), day, known_at)


def test_a_late_policy_version_shows_in_the_answer(fresh: Api) -> None:
    account = fresh.operator.world.accounts[4]
    effective, published = date(2022, 6, 1), datetime(2022, 6, 15, 12, tzinfo=UTC)
    version = PolicyVersion(2, targets("5", stocks="50", bonds="50"), Decimal("2.50"), effective, published)
    fresh.operator.world.publish_policy(account.account_id, version)
    shown = fresh.json(f"/wealth/accounts/{account.account_id}/investment-policy", include_history="true")
    assert (shown["version"], shown["effective_date"], len(shown["version_history"])) == (2, "2022-06-01", 2)
    with pytest.raises(ValueError, match="never changes"):
        fresh.operator.world.publish_policy(account.account_id, version)


def test_a_wipe_changes_every_id_and_nothing_else(fresh: Api) -> None:
    before = fresh.json("/accounts")
    fresh.operator.world.wipe()
    after = fresh.json("/accounts")
    assert len(after) == len(before) and not {row["id"] for row in before} & {row["id"] for row in after}
    assert fresh.get(f"/wealth/accounts/{before[0]['id']}/portfolios").status_code == 404
    assert [row["balance"] for row in before] == [row["balance"] for row in after]


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


def test_the_clock_stands_still_until_it_is_moved() -> None:
    clock = Clock()
    before = clock.now()
    assert clock.now() == before
    clock.advance(minutes=30)
    assert clock.now() - before == timedelta(minutes=30)
    clock.set(datetime(2022, 1, 1, tzinfo=UTC))
    assert clock.now() == datetime(2022, 1, 1, tzinfo=UTC)


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
    seen, errors = {}, {}
    for night in fresh.operator.play(story):
        assert fresh.operator.clock.market_date() == night
        if any(event.kind == "account_fails" for event in story.on(night)):
            failing = next(e.account_id for e in story.on(night) if e.kind == "account_fails")
            seen[night] = fresh.client.get(f"/trading/accounts/{failing}/positions").status_code
        if any(event.kind == "outage" for event in story.on(night)):
            errors[night] = Counter(fresh.client.get("/accounts").status_code for _ in range(200))
    assert list(seen.values()) == [500]
    (statuses,) = errors.values()
    assert statuses[200] > 140 and statuses[503] > 5 and statuses[429] > 0
    assert fresh.operator.app.outages.now == ()


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
        "import sandbox.server.app, sandbox.server.sockets, sandbox.world.story\n"
        "assert not {'pipelines', 'assets', 'duckdb', 'dagster', 'dlt'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
