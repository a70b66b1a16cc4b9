"""Which night it is: the market's day, by the API's clock."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from pipelines.api.clock import ApiClock, TooFarAhead, as_of_date


@pytest.mark.parametrize(
    ("instant", "night"),
    [
        ("2025-01-16T03:00:00+00:00", date(2025, 1, 15)),  # 22:00 in New York, when the schedule runs
        ("2025-01-16T04:59:59+00:00", date(2025, 1, 15)),  # a second before midnight there
        ("2025-01-16T05:00:00+00:00", date(2025, 1, 15)),  # midnight: still last night
        ("2025-01-16T08:59:59+00:00", date(2025, 1, 15)),  # 03:59:59
        ("2025-01-16T09:00:00+00:00", date(2025, 1, 16)),  # 04:00: the cut-over
        ("2025-07-16T07:59:59+00:00", date(2025, 7, 15)),  # the same in summer, when New York is an hour nearer
        ("2025-07-16T08:00:00+00:00", date(2025, 7, 16)),
        ("2025-03-09T07:30:00+00:00", date(2025, 3, 8)),  # 03:30 on the night that has no 02:30
        ("2025-03-09T08:00:00+00:00", date(2025, 3, 9)),  # 04:00, now an hour earlier in UTC
        ("2025-11-02T05:30:00+00:00", date(2025, 11, 1)),  # 01:30 for the first time
        ("2025-11-02T06:30:00+00:00", date(2025, 11, 1)),  # and for the second
        ("2025-11-02T08:59:59+00:00", date(2025, 11, 1)),
        ("2025-11-02T09:00:00+00:00", date(2025, 11, 2)),
        ("2025-01-01T03:00:00+00:00", date(2024, 12, 31)),
        ("2024-03-01T02:00:00+00:00", date(2024, 2, 29)),
        ("2025-01-16T12:00:00+09:00", date(2025, 1, 15)),  # wherever the machine is
    ],
)
def test_the_night_a_sync_belongs_to(instant: str, night: date) -> None:
    assert as_of_date(datetime.fromisoformat(instant)) == night


def test_the_same_instant_is_the_same_night_in_every_zone() -> None:
    instant = datetime(2025, 1, 16, 8, 59, 59, tzinfo=UTC)
    offsets = [timezone(timedelta(hours=hours)) for hours in range(-12, 15)]
    assert {as_of_date(instant.astimezone(offset)) for offset in offsets} == {date(2025, 1, 15)}


@pytest.mark.parametrize(
    ("monotonic", "instant"),
    [
        (100.0, datetime(2025, 1, 15, 22, 0, 0, tzinfo=UTC)),
        (160.5, datetime(2025, 1, 15, 22, 1, 0, 500000, tzinfo=UTC)),
        (99.0, datetime(2025, 1, 15, 21, 59, 59, tzinfo=UTC)),  # the first request was sent before its answer came
        (100.0 + 7200, datetime(2025, 1, 16, 0, 0, 0, tzinfo=UTC)),
    ],
)
def test_the_api_s_clock_is_set_once_and_moved_on_by_the_machine_s_monotonic_one(
    monotonic: float, instant: datetime
) -> None:
    assert ApiClock(datetime(2025, 1, 15, 22, 0, tzinfo=UTC), 100.0).at(monotonic) == instant


TODAY = datetime(2026, 1, 15, 22, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "said",
    [
        TODAY + timedelta(days=1),
        TODAY - timedelta(days=1500),  # the sandbox lives in 2022
    ],
)
def test_the_api_s_word_is_taken_up_to_a_day_ahead_of_the_machine(said: datetime) -> None:
    assert ApiClock.start(said, TODAY, 7.0) == ApiClock(said, 7.0)


def test_without_a_date_of_the_api_s_the_machine_s_counts() -> None:
    assert ApiClock.start(None, TODAY, 7.0) == ApiClock(TODAY, 7.0)


def test_a_date_more_than_a_day_ahead_is_refused_by_both_its_times() -> None:
    with pytest.raises(TooFarAhead) as raised:
        ApiClock.start(datetime(2031, 2, 3, 4, 5, tzinfo=UTC), TODAY, 7.0)
    assert "the API says it is 2031-02-03 04:05 UTC" in str(raised.value)
    assert "later than 2026-01-15 22:00 UTC by this machine's clock" in str(raised.value)
    assert "nothing was written" in str(raised.value)


def test_a_time_is_told_in_utc_wherever_the_machine_is() -> None:
    with pytest.raises(TooFarAhead, match="2026-01-15 22:00 UTC by this machine"):
        ApiClock.start(TODAY + timedelta(days=2), TODAY.astimezone(timezone(timedelta(hours=9))), 7.0)
