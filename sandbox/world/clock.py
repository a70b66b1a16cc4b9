"""The sandbox's own time: it stands still until somebody moves it.

`market_date` is the day whose closes the API shows: the date in New York, except that before 04:00 it is still the
day before (no market has opened since, and Bluum's answer of 02:00 is that of last night). Owns no prices.
"""

from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
DEFAULT_START = datetime(2022, 6, 15, 22, 0, tzinfo=NEW_YORK)
MARKET_CLOSE = time_of_day(16, 0)
_DAY_BEGINS = timedelta(hours=4)


class Clock:
    def __init__(self, start: datetime = DEFAULT_START) -> None:
        self._now = _aware(start)
        self.revision = 0  # counts the moves: part of every cache key

    def now(self) -> datetime:
        return self._now

    def set(self, moment: datetime) -> None:
        self._now = _aware(moment)
        self.revision += 1

    def advance(self, **span: float) -> None:
        """`advance(hours=3)`: the words of timedelta."""
        self.set(self.now() + timedelta(**span))

    def to_night(self, day: date, hour: int = 22) -> None:
        """The evening of `day` in New York: when the nightly sync runs."""
        self.set(datetime.combine(day, time_of_day(hour), NEW_YORK))

    def market_date(self) -> date:
        return market_date(self.now())


def market_date(moment: datetime) -> date:
    return (moment.astimezone(NEW_YORK).replace(tzinfo=None) - _DAY_BEGINS).date()


def at_close(day: date) -> datetime:
    """16:00 in New York, in UTC: when a day's closes come into being."""
    return datetime.combine(day, MARKET_CLOSE, NEW_YORK).astimezone(UTC)


def end_of_market_date(day: date) -> datetime:
    """The last instant that still belongs to `day`: what was known on a night, for a caller that names no time."""
    after = datetime.combine(day + timedelta(days=1), time_of_day(4), NEW_YORK).astimezone(UTC)
    return after - timedelta(microseconds=1)


def iso(moment: datetime) -> str:
    """UTC with Z; as many fraction digits (0, 3 or 6) as the moment has."""
    moment = moment.astimezone(UTC)
    fraction = "" if not moment.microsecond else "milliseconds" if moment.microsecond % 1000 == 0 else "microseconds"
    return moment.replace(tzinfo=None).isoformat(timespec=fraction or "seconds") + "Z"


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("the sandbox clock needs a time with its zone, such as 2022-06-15T22:00:00-04:00")
    return moment.astimezone(UTC)
