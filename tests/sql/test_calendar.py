"""The holidays of the calendar are those that the library of market calendars has."""

from datetime import date, timedelta
from pathlib import Path

import exchange_calendars
import pytest
from helpers.sql_warehouse import rows

FIRST, LAST = date(2000, 1, 3), date(2035, 12, 31)


@pytest.fixture
def holidays(warehouse: Path) -> set[date]:
    return {holiday for (holiday,) in rows(warehouse, "select holiday from intermediate.int_market_holidays")}


def test_the_holidays_are_the_weekdays_without_a_session(holidays: set[date]) -> None:
    calendar = exchange_calendars.get_calendar("XNYS", start=FIRST.isoformat(), end=LAST.isoformat())
    sessions = {session.date() for session in calendar.sessions}
    days = (FIRST + timedelta(days=step) for step in range((LAST - FIRST).days + 1))
    assert holidays == {day for day in days if day.weekday() < 5 and day not in sessions}


def test_good_friday_and_a_day_of_mourning_are_holidays_and_a_short_day_is_none(holidays: set[date]) -> None:
    assert {date(2022, 4, 15), date(2025, 1, 9), date(2001, 9, 11)} <= holidays
    assert date(2025, 11, 28) not in holidays  # the market closes early
