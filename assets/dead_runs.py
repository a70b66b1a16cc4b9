"""Runs whose process has died: closed, and their night finished, without anybody having to look.

    a run that goes on by Dagster's records, but whose folder nobody holds --seen twice--> failed --> the rest of its work

Dagster cannot tell by itself: its default launcher does not watch the processes it starts. A run of ours holds the lock of
its data folder from beginning to end, and the operating system frees that lock with the process. What the command line has
started is closed by the command line.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from assets.jobs import nightly, remodel
from assets.partitions import profile_of
from assets.sensors import STARTED_BY
from pipelines.api.clock import as_of_date
from pipelines.destination.lock import is_held
from pipelines.settings import Settings

RESTARTS = "bluum/restarts"
"""The tag that counts how often a piece of work was begun again."""
MOST_RESTARTS = 3
"""Whatever kills a night four times kills it a fifth time."""
_DIED = "its process died"


@dg.sensor(
    name="dead_runs",
    jobs=[nightly, remodel],
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Closes runs whose process has died, and starts what is left of their night.",
)
def dead_runs(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Close what was dead at the last look and still is: one look may fall between a run's last step and its end."""
    suspected = set((context.cursor or "").split(","))
    dead = [run for run in context.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])) if _is_dead(run)]
    context.update_cursor(",".join(run.run_id for run in dead if run.run_id not in suspected))
    closed = [run for run in dead if run.run_id in suspected]
    for run in closed:
        context.instance.report_run_failed(run, _DIED)
        if (request := _rest_of(context.instance, run)) is not None:
            yield request
    if not closed:
        yield dg.SkipReason("no run is dead")


def _is_dead(run: dg.DagsterRun) -> bool:
    return STARTED_BY not in run.tags and not is_held(Settings.of(profile_of(run.tags)).folder)


def _rest_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.RunRequest | None:
    """What is left to do: the night, as long as it can be asked; once it is over, to publish what has landed."""
    restarts, profile = int(run.tags.get(RESTARTS, 0)) + 1, profile_of(run.tags)
    if run.job_name not in (nightly.name, remodel.name) or restarts > MOST_RESTARTS or profile is None:
        return None
    record = instance.get_run_record_by_id(run.run_id)
    begun = datetime.fromtimestamp(record.start_time, UTC) if record and record.start_time else datetime.now(UTC)
    is_open = as_of_date(begun) == as_of_date(datetime.now(UTC))
    job = run.job_name if is_open else remodel.name
    return dg.RunRequest(run_key=f"after {run.run_id}", job_name=job, partition_key=profile, tags={RESTARTS: str(restarts)})
