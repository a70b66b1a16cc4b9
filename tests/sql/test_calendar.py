"""Holidays are those that the library of market calendars has, and each day has its week, month, quarter and year."""

from calendar import monthrange
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


def test_a_day_has_its_week_of_iso_8601_and_the_ends_of_its_periods(warehouse: Path) -> None:
    query = """
        select calendar_date, iso_year, iso_week, weekday_number, weekday_name, month_number, quarter_number, year_number,
            week_start, week_end, month_start, month_end, quarter_start, quarter_end, year_start, year_end
        from marts.dates
    """
    found = rows(warehouse, query)
    assert len(found) == (date(2036, 1, 1) - date(2000, 1, 1)).days
    for day, *said in found:
        iso, month = day.isocalendar(), day.month
        quarter = (month - 1) // 3 + 1
        assert said == [
            iso.year, iso.week, iso.weekday, day.strftime("%A"), month, quarter, day.year,
            date.fromisocalendar(iso.year, iso.week, 1), date.fromisocalendar(iso.year, iso.week, 7),
            day.replace(day=1), day.replace(day=monthrange(day.year, month)[1]),
            date(day.year, quarter * 3 - 2, 1), date(day.year, quarter * 3, monthrange(day.year, quarter * 3)[1]),
            date(day.year, 1, 1), date(day.year, 12, 31),
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "last"),
    [
        # Good Friday ends its week on Thursday; a May that ends on a Sunday ends with the Friday before.
        ("week", [date(2026, 4, 2), date(2026, 4, 10)]),
        ("month", [date(2026, 4, 30), date(2026, 5, 29)]),
        ("quarter", [date(2026, 3, 31), date(2026, 6, 30)]),
        ("year", [date(2025, 12, 31), date(2026, 12, 31), date(2027, 12, 31)]),
    ],
)
def test_the_last_session_of_a_period_is_the_last_day_the_market_is_open(
    warehouse: Path, kind: str, last: list[date]
) -> None:
    query = (
        f"select calendar_date from marts.dates where is_last_session_of_{kind} and calendar_date between '{{}}' and '{{}}'"
    )
    assert rows(warehouse, query.format(last[0], last[-1]) + " order by 1") == [(day,) for day in last]
    amiss = f"""
        select {kind}_start from marts.dates group by 1
        having count(*) filter (is_last_session_of_{kind}) != least(count(*) filter (is_session), 1)
            or max(calendar_date) filter (is_session) is distinct from max(calendar_date) filter (is_last_session_of_{kind})
    """
    assert rows(warehouse, amiss) == []
