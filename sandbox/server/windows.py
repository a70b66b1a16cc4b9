"""The window of a performance report: named periods, or dates, which come first. Clock and ledger are not asked here."""

from datetime import date, timedelta

from sandbox.server.answers import ApiError
from sandbox.server.params import Params

PERIODS = ("1d", "1w", "1m", "3m", "6m", "ytd", "1y", "3y", "5y", "all")
_LONG_AGO = date(1900, 1, 1)  # five years before it is still a date


def window_of(params: Params, today: date, opened: date) -> tuple[str, date, date]:
    """Label, first and last day, both a part of it.

    Raises:
        ApiError: A period nobody knows, no date, or a start after the end.
    """
    period = params.choice("period", PERIODS, "1y")
    end = params.day("end_date", today)
    if params.text("start_date") is None:
        return period, min(_first_day(period, max(end, _LONG_AGO), opened), end), end
    start = params.day("start_date", opened)
    if start > end:
        raise ApiError(400, "BLUM-400-007", "start_date is later than end_date", "start_date")
    return "custom", start, end


def _first_day(period: str, end: date, opened: date) -> date:
    """So that one day is `end` itself, and a year begins on the day after its date of a year ago."""
    match period:
        case "1d":
            return end
        case "1w":
            return end - timedelta(days=6)
        case "ytd":
            return end.replace(month=1, day=1)
        case "all":
            return opened
    months = int(period[:-1]) * (12 if period.endswith("y") else 1)
    year, month = divmod(end.year * 12 + end.month - 1 - months, 12)
    first = date(year, month + 1, 1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return first.replace(day=min(end.day, last.day)) + timedelta(days=1)
