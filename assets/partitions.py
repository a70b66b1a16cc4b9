"""Which assets have partitions, and which. Only what Bluum can still be asked about the past has any.

Positions, drift and policies have none: a night that is over cannot be asked again, so a backfill button would lie.
"""

import dagster as dg

from pipelines.api.endpoints import MARKET_ZONE, UNKNOWN_OPENING

PNL_DAYS = dg.DailyPartitionsDefinition(
    start_date=UNKNOWN_OPENING.isoformat(),
    timezone=str(MARKET_ZONE),
    end_offset=1,  # today too
)
"""End dates of P&L reports: from the day an account without an opening date is asked from, to today in New York."""
