"""Which assets have partitions, and which: a key pair's profile is one, and so is a day that Bluum can still be asked about.

Positions, drift and policies have no days: a night that is over cannot be asked again, so a backfill button would lie.
"""

from collections.abc import Mapping

import dagster as dg

from pipelines.api.endpoints import MARKET_ZONE, UNKNOWN_OPENING

PROFILES = dg.DynamicPartitionsDefinition(name="profiles")
"""The profiles of the settings, each with a warehouse of its own. Dynamic, since no setting is read while Dagster loads."""

PNL_DAYS = dg.DailyPartitionsDefinition(
    start_date=UNKNOWN_OPENING.isoformat(),
    timezone=str(MARKET_ZONE),
    end_offset=1,  # today too
)
"""End dates of P&L reports: from the day an account without an opening date is asked from, to today in New York."""

PNL_REPORTS = dg.MultiPartitionsDefinition({"day": PNL_DAYS, "profile": PROFILES})
"""Whose reports of which end date."""

_PARTITION, _FIRST, _LAST = "dagster/partition", "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


def range_tags(first: str, last: str, profile: str) -> Mapping[str, str]:
    """The tags by which one run is about a range of end dates of a profile."""
    return {_FIRST: f"{first}|{profile}", _LAST: f"{last}|{profile}"}


def profile_of(tags: Mapping[str, str]) -> str | None:
    """The profile that a run with these tags is about; None for a run about no partition."""
    key = tags.get(_PARTITION) or tags.get(_FIRST)
    return key.rpartition("|")[2] if key else None  # of a day and a profile, by the names of the dimensions
