"""When the jobs run."""

from collections.abc import Iterator

import dagster as dg

from assets.jobs import nightly
from assets.partitions import PROFILES
from pipelines.api.endpoints import MARKET_ZONE
from pipelines.settings import profile_names


@dg.schedule(
    job=nightly,
    cron_schedule="0 22 * * *",
    execution_timezone=str(MARKET_ZONE),
    description="Every evening after the market's close, a run for each profile. Start it in the UI.",
)
def nightly_schedule(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
    """Ask for the night of every profile that the settings have now."""
    names = profile_names()
    context.instance.add_dynamic_partitions(str(PROFILES.name), names)
    for name in names:
        yield dg.RunRequest(partition_key=name)
