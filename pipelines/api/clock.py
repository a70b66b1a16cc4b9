"""Which night it is: the API's clock, and the one date a sync stamps on everything.

    Date header of the first answer -> ApiClock -> as_of_date

Nothing else in the project asks what day it is.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Self

from pipelines.api.endpoints import MARKET_ZONE
from pipelines.errors import BluumError

CUT_OVER_HOUR = 4
"""A sync that starts before this hour in the market's time zone still belongs to the day before."""
FURTHEST_AHEAD = timedelta(days=1)
"""How far the API's clock may be ahead of this machine's: a machine's zone may be set wrong, its day hardly."""


class TooFarAhead(BluumError):
    """The API's clock shows a time that cannot be: nothing is dated by it."""


@dataclass(frozen=True)
class ApiClock:
    """The API's own time: set once by an answer's Date header, moved on by the machine's monotonic clock.

    So a machine whose clock is wrong neither dates a night nor stamps a response.
    """

    instant: datetime
    monotonic: float

    @classmethod
    def start(cls, said: datetime | None, machine_now: datetime, monotonic: float) -> Self:
        """The clock set by an answer's Date header, or by the machine's clock where the API sends none.

        `monotonic` is the machine's monotonic clock, in seconds, when the answer had come. Raises TooFarAhead: the night of
        a date in the future would stay the newest one until that date has come. A date in the past does no such harm.
        """
        if said is not None and said - machine_now > FURTHEST_AHEAD:
            raise TooFarAhead(
                f"the API says it is {said:%Y-%m-%d %H:%M} UTC (its Date header), more than a day later than "
                f"{machine_now.astimezone(UTC):%Y-%m-%d %H:%M} UTC by this machine's clock; nothing was written: set the "
                "machine's clock if it is behind, else ask Bluum, or whoever runs the proxy in between"
            )
        return cls(said or machine_now, monotonic)

    def at(self, monotonic: float) -> datetime:
        """The instant, in UTC, at which the machine's monotonic clock stood at `monotonic` seconds."""
        return self.instant + timedelta(seconds=monotonic - self.monotonic)


def as_of_date(instant: datetime) -> date:
    """The market day a sync started at `instant` belongs to."""
    local = instant.astimezone(UTC).astimezone(MARKET_ZONE)
    return local.date() - timedelta(days=local.hour < CUT_OVER_HOUR)


def newest_possible(machine_now: datetime) -> date:
    """The latest night there can be by now: one that is dated later was dated by a clock that was wrong."""
    return as_of_date(machine_now + FURTHEST_AHEAD)
