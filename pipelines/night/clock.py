"""Which night it is: the API's clock, and the one date a sync stamps on everything.

    Date header of the first answer -> ApiClock -> as_of_date

Nothing else in the project asks what day it is.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from pipelines.api.endpoints import MARKET_ZONE

CUT_OVER_HOUR = 4
"""A sync that starts before this hour in the market's time zone still belongs to the day before."""


@dataclass(frozen=True)
class ApiClock:
    """The API's own time: set once by an answer's Date header, moved on by the machine's monotonic clock.

    So a machine whose clock is wrong neither dates a night nor stamps a response.
    """

    instant: datetime
    monotonic: float

    def at(self, monotonic: float) -> datetime:
        """The instant, in UTC, at which the machine's monotonic clock stood at `monotonic` seconds."""
        return self.instant + timedelta(seconds=monotonic - self.monotonic)


def as_of_date(instant: datetime) -> date:
    """The market day a sync started at `instant` belongs to."""
    local = instant.astimezone(UTC).astimezone(MARKET_ZONE)
    return local.date() - timedelta(days=local.hour < CUT_OVER_HOUR)
