"""When the jobs run."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
from dagster._utils.schedules import is_valid_cron_string

from assets.jobs import nightly
from assets.partitions import PROFILES
from assets.resources import AlertResource
from pipelines.api.clock import as_of_date
from pipelines.api.endpoints import MARKET_ZONE
from pipelines.profiles import SettingsRefused
from pipelines.settings import nightly_cron, profile_names

USUAL = "0 22 * * *"
"""After the market's close, and after what Bluum computes of the day."""


def _cron(given: str | None) -> str:
    """When the night runs. Raises SettingsRefused for a cron that is none."""
    if given is not None and not is_valid_cron_string(given):
        raise SettingsRefused(f"BLUUM_NIGHTLY_CRON ({given!r}): is no cron, such as {USUAL!r}; Dagster was not started")
    return given or USUAL


@dg.schedule(
    job=nightly,
    cron_schedule=_cron(nightly_cron()),
    execution_timezone=str(MARKET_ZONE),
    default_status=dg.DefaultScheduleStatus.RUNNING if nightly_cron() else dg.DefaultScheduleStatus.STOPPED,
    description="Every evening after the market's close, a run for each profile. BLUUM_NIGHTLY_CRON starts it.",
)
def nightly_schedule(
    context: dg.ScheduleEvaluationContext, alerts: AlertResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Ask for the night of every profile that the settings have now.

    Dagster makes up for what was missed while its daemon was down. A night that is over cannot be asked any more: what Bluum
    says in the morning would be taken for the evening's, and the evening would ask nothing.
    Raises SettingsRefused, and posts it: there is no run then that could fail and be told of.
    """
    night = as_of_date(context.scheduled_execution_time)
    if as_of_date(datetime.now(UTC)) != night:
        yield dg.SkipReason(f"the night of {night} is over and cannot be asked any more")
        return
    try:
        names = profile_names()
    except SettingsRefused as error:
        context.log.info(alerts.post(f"bluum: the night of {night} was not begun: {error}"))
        raise
    context.instance.add_dynamic_partitions(str(PROFILES.name), names)
    for name in names:
        yield dg.RunRequest(partition_key=name)
