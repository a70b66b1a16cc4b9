"""Runs that a kill, a power cut or a restart of the machine has ended: closed, and their night finished by another run.

    a run that goes on by Dagster's records, but whose folder nobody holds --seen twice--> failed
    a run that failed so, or by a signal --its night can still be asked--> the same job again   --it is over--> `remodel`

Dagster cannot tell by itself: its default launcher does not watch the processes it starts. A run of ours holds the lock of
its data folder from beginning to end, and the operating system frees that lock with the process. What somebody has cancelled
in Dagster's pages stays cancelled, and what the command line has started is the command line's.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.events import JobFailureData, RunFailureReason
from dagster._core.storage.dagster_run import RunRecord
from dagster_shared.error import SerializableErrorInfo

from assets.jobs import nightly, remodel
from assets.partitions import profile_of
from assets.sensors import STARTED_BY
from pipelines.api.clock import as_of_date
from pipelines.destination.lock import is_held
from pipelines.errors import Interrupted
from pipelines.settings import Settings

RESTARTS = "bluum/restarts"
"""The tag that counts how often a piece of work was begun again."""
MOST_RESTARTS = 3
"""Whatever kills a night four times kills it a fifth time."""
DIED = "its process died"
_LOOKED_BACK = timedelta(days=1)
_SIGNALS = {Interrupted.__name__, dg.DagsterExecutionInterruptedError.__name__}
_JOBS = (nightly.name, remodel.name)


@dg.sensor(
    name="unfinished_runs",
    jobs=[nightly, remodel],
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Closes runs whose process has died, and starts what is left of their night.",
)
def unfinished_runs(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Close what was dead at the last look and still is, and begin again what was ended from outside, once for each run."""
    _close_dead_runs(context)
    ended = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED], updated_after=datetime.now(UTC) - _LOOKED_BACK
    )
    unfinished = [
        record
        for record in context.instance.get_run_records(ended)
        if record.dagster_run.job_name in _JOBS and _was_ended(context.instance, record.dagster_run)
    ]
    requests = [request for request in map(_rest_of, unfinished) if request]
    yield from requests
    if not requests:
        yield dg.SkipReason("no run was ended from outside")


def _close_dead_runs(context: dg.SensorEvaluationContext) -> None:
    """Two looks, since one may fall between the last step of a run and its end."""
    suspected = set((context.cursor or "").split(","))
    started = context.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    dead = [run for run in started if STARTED_BY not in run.tags and not is_held(Settings.of(profile_of(run.tags)).folder)]
    context.update_cursor(",".join(run.run_id for run in dead if run.run_id not in suspected))
    for run in dead:
        if run.run_id in suspected:
            context.instance.report_run_failed(run, DIED)


def _was_ended(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether a signal or a kill ended it, and nobody in Dagster's pages."""
    if STARTED_BY in run.tags or instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_CANCELING):
        return False
    if run.status is dg.DagsterRunStatus.CANCELED:
        return True
    for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE):
        event = entry.get_dagster_event()
        data = event.event_specific_data
        if event.message == DIED:
            return True
        if isinstance(data, JobFailureData):
            return data.failure_reason is RunFailureReason.START_TIMEOUT or _is_by_signal(data.error)
    return False


def _is_by_signal(error: SerializableErrorInfo | None) -> bool:
    return error is not None and (error.cls_name in _SIGNALS or _is_by_signal(error.cause))


def _rest_of(record: RunRecord) -> dg.RunRequest | None:
    """What is left to do: the night, as long as it can be asked; once it is over, to publish what has landed."""
    run = record.dagster_run
    restarts, profile = int(run.tags.get(RESTARTS, 0)) + 1, profile_of(run.tags)
    if restarts > MOST_RESTARTS or profile is None:
        return None
    is_open = as_of_date(record.create_timestamp) == as_of_date(datetime.now(UTC))
    job = run.job_name if is_open else remodel.name
    return dg.RunRequest(run_key=f"after {run.run_id}", job_name=job, partition_key=profile, tags={RESTARTS: str(restarts)})
