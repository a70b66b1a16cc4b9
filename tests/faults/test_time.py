"""Which night it is: by Bluum's clock and the market's zone, and by nothing else.

the API says what time it is -> as_of_date; a night that is over is never asked again, and says what it misses
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from helpers.faulty.rules import Rule
from helpers.house import House, Truth

from pipelines.api.clock import TooFarAhead, as_of_date
from sandbox.server.app import SandboxApp

NEW_YORK, LAGOS = ZoneInfo("America/New_York"), ZoneInfo("Africa/Lagos")


@pytest.mark.parametrize(
    ("instant", "night"),
    [
        ("2022-06-15 22:00 America/New_York", "2022-06-15"),
        ("2022-06-15 23:59 America/New_York", "2022-06-15"),
        ("2022-06-16 00:00 America/New_York", "2022-06-15"),
        ("2022-06-16 03:59 America/New_York", "2022-06-15"),
        ("2022-06-16 04:00 America/New_York", "2022-06-16"),
        ("2022-06-16 04:59 Africa/Lagos", "2022-06-15"),  # 23:59 in New York
        ("2022-01-01 03:59 America/New_York", "2021-12-31"),
        ("2024-03-01 02:00 America/New_York", "2024-02-29"),
        # Clocks go forward: 01:59 EST is followed by 03:00 EDT.
        ("2022-03-13 06:59 UTC", "2022-03-12"),  # 01:59 EST
        ("2022-03-13 07:00 UTC", "2022-03-12"),  # 03:00 EDT
        ("2022-03-13 07:59 UTC", "2022-03-12"),  # 03:59 EDT
        ("2022-03-13 08:00 UTC", "2022-03-13"),  # 04:00 EDT
        # Clocks go back: 01:59 EDT is followed by 01:00 EST.
        ("2022-11-06 05:30 UTC", "2022-11-05"),  # 01:30 EDT
        ("2022-11-06 06:30 UTC", "2022-11-05"),  # 01:30 EST
        ("2022-11-06 08:59 UTC", "2022-11-05"),  # 03:59 EST
        ("2022-11-06 09:00 UTC", "2022-11-06"),  # 04:00 EST
        ("2022-11-07 03:00 UTC", "2022-11-06"),  # 22:00 EST
    ],
)
def test_an_instant_belongs_to_one_night(instant: str, night: str) -> None:
    moment, _, zone = instant.rpartition(" ")
    at = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone))
    assert as_of_date(at) == date.fromisoformat(night)


def test_four_in_the_morning_is_a_new_night_and_a_minute_before_is_not(house: House) -> None:
    house.sync()
    asked = house.sandbox.requests.total

    house.sandbox.clock.set(datetime(2022, 6, 16, 3, 59, tzinfo=NEW_YORK))
    assert house.sync().as_of_date == date(2022, 6, 15)
    assert house.sandbox.requests.total == asked + 1, "the night was complete: it was asked for its date alone"

    house.sandbox.clock.set(datetime(2022, 6, 16, 4, 0, tzinfo=NEW_YORK))
    assert house.sync().as_of_date == date(2022, 6, 16)
    assert house.rows("select distinct as_of_date from raw.positions order by all") == [
        (date(2022, 6, 15),),
        (date(2022, 6, 16),),
    ]


@pytest.mark.parametrize("day", [date(2022, 3, 12), date(2022, 3, 13), date(2021, 11, 6), date(2021, 11, 7)])
def test_the_nights_around_a_change_of_clocks_are_one_each(house: House, day: date) -> None:
    house.sandbox.clock.to_night(day)
    assert house.sync(accounts="").as_of_date == day
    house.sandbox.clock.advance(hours=3)  # by now it is past midnight
    house.sandbox.requests.clear()
    assert house.sync().as_of_date == day
    assert house.asked() == ["/v1/accounts"]


def test_a_sync_that_runs_past_the_cut_over_stamps_the_night_it_started_in(house: House) -> None:
    house.sandbox.clock.set(datetime(2022, 6, 16, 3, 59, 59, tzinfo=NEW_YORK))

    def turn_the_clock(asked: int) -> bool:
        if asked == 10:
            house.sandbox.clock.set(datetime(2022, 6, 16, 4, 30, tzinfo=NEW_YORK))
        return True

    seen = house.sandbox.requests.add

    def add(entry: Any) -> None:
        seen(entry)
        turn_the_clock(house.sandbox.requests.total)

    house.sandbox.requests.add = add  # type: ignore[method-assign]
    progress = house.sync()

    assert house.sandbox.clock.now() > datetime(2022, 6, 16, 4, 0, tzinfo=NEW_YORK), "the clock was turned meanwhile"
    assert progress.failures == []
    for table in ("responses", "positions", "pnl_reports", "rebalancing"):
        assert house.rows(f"select distinct as_of_date from raw.{table}") == [(date(2022, 6, 15),)]


@pytest.mark.parametrize("off", [timedelta(days=-1), timedelta(days=1), timedelta(days=365)])
def test_a_machine_whose_clock_is_wrong_dates_and_stamps_as_any_other(
    house: House, undisturbed: Callable[..., Truth], off: timedelta
) -> None:
    right = house.sandbox.clock.now()

    progress = house.sync(machine_now=lambda: right + off)

    assert progress.as_of_date == date(2022, 6, 15)
    assert house.truth() == undisturbed()
    (first, last) = house.rows("select min(requested_at), max(received_at) from raw.responses")[0]
    assert abs(first - right) < timedelta(minutes=1)
    assert abs(last - right) < timedelta(minutes=1)


def test_a_server_that_sends_no_date_is_dated_by_the_machine(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SandboxApp, "_date_header", lambda self: "")
    at = datetime(2022, 6, 16, 2, 0, tzinfo=UTC)  # 22:00 of the 15th in New York

    assert house.sync(machine_now=lambda: at).as_of_date == date(2022, 6, 15)

    at = datetime(2022, 6, 16, 8, 0, tzinfo=UTC)  # 04:00 of the 16th
    assert house.sync(machine_now=lambda: at).as_of_date == date(2022, 6, 16)


def test_a_date_far_in_the_future_writes_nothing_and_blinds_no_later_night(house: House) -> None:
    now = house.sandbox.clock.now()
    house.sandbox.clock.set(datetime(2031, 1, 1, tzinfo=UTC))
    with pytest.raises(TooFarAhead, match="the API says it is 2031-01-01 00:00 UTC"):
        house.sync(machine_now=lambda: now)
    assert not (house.data_dir / "warehouse.duckdb").exists()

    house.sandbox.clock.set(now)
    assert house.sync(machine_now=lambda: now).as_of_date == date(2022, 6, 15)


def test_an_answer_without_a_date_in_mid_night_changes_nothing(
    house: House, undisturbed: Callable[..., Truth], monkeypatch: pytest.MonkeyPatch
) -> None:
    dated = SandboxApp._date_header
    sent: list[str] = []

    def sometimes(app: SandboxApp) -> str:
        sent.append(dated(app))
        return sent[-1] if len(sent) == 1 else "not a date"

    monkeypatch.setattr(SandboxApp, "_date_header", sometimes)
    assert house.sync(machine_now=lambda: datetime(2099, 1, 1, tzinfo=UTC)).as_of_date == date(2022, 6, 15)
    assert house.truth() == undisturbed()


def test_a_sandbox_wiped_overnight_is_a_new_set_of_accounts_and_loses_none_of_the_old(house: House) -> None:
    house.sync()
    before = house.truth()
    night = house.next_night()
    old_ids = set(house.account_ids(*range(8)))
    house.sandbox.world.wipe()

    progress = house.sync()

    assert progress.failures == []
    new_ids = {account for (account,) in house.rows("select account_id from raw.accounts where as_of_date = ?", night)}
    assert len(new_ids) == 8
    assert not new_ids & old_ids
    for table, rows in house.truth().items():
        assert not before[table] - rows, f"{table} has lost rows of the night before"
    assert not any(old in target for target in house.asked() for old in old_ids), "nobody asks for accounts that are gone"


def test_a_night_that_was_cut_short_stays_so_when_the_next_day_has_come(house: House) -> None:
    house.sandbox.faults.set([Rule("unauthorized", after=20)])
    assert house.sync().stopped_by
    old = date(2022, 6, 15)
    held = house.rows("select count(*) from raw.responses where as_of_date = ?", old)
    house.sandbox.faults.clear()
    night = house.next_night()

    progress = house.sync()

    assert progress.as_of_date == night
    assert progress.failures == []
    assert house.rows("select count(*) from raw.responses where as_of_date = ?", old) == held
    missing = house.rows(
        """
        select count(*) from raw.plan where as_of_date = ? and not exists (
            select 1 from raw.responses where responses.as_of_date = plan.as_of_date and responses.params = plan.params
            and responses.endpoint = plan.endpoint and responses.account_id = plan.account_id
            and responses.outcome in ('ok', 'absent', 'disabled'))
        """,
        old,
    )
    assert missing[0][0] > 0, "the plan of the old night still says what it misses"
    stamped = house.rows(
        "select count(*) from raw.positions where as_of_date = ? and response_id not like '20220615-%'", old
    )
    assert stamped == [(0,)], "what the API says today is never stamped with a day that is over"
