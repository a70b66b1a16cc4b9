"""When the jobs run."""

import dagster as dg

from assets.jobs import nightly
from pipelines.api.endpoints import MARKET_ZONE

nightly_schedule = dg.ScheduleDefinition(
    name="nightly_schedule",
    job=nightly,
    cron_schedule="0 22 * * *",
    execution_timezone=str(MARKET_ZONE),
    description="Every evening after the market's close. Start it in the UI.",
)
