"""Runs that a kill, a power cut or a restart of the machine has ended: closed, and their night finished by another run.

    a run that goes on by Dagster's records, but whose folder nobody holds --seen twice--> failed
    a run that failed so, or by a signal --its night can still be asked--> the same job again   --it is over--> `remodel`
    a run that met a folder which somebody else held --once it is free--> likewise

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
from pipelines.destination.lock import is_held, who_writes
from pipelines.errors import BluumError, Interrupted, Locked
from pipelines.profiles import SANDBOX, SettingsRefused
from pipelines.settings import Settings, profile_names

RESTARTS = "bluum/restarts"
"""The tag that counts how often a piece of work was begun again."""
MOST_RESTARTS = 3
"""Whatever kills a night four times kills it a fifth time. To have waited for somebody else does not count."""
DIED = "its process died"
_LOOKED_BACK = timedelta(days=1)
_LOCKED = Locked.__name__
_FROM_OUTSIDE = {Interrupted.__name__, dg.DagsterExecutionInterruptedError.__name__, _LOCKED}
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
    records = [record for record in context.instance.get_run_records(ended) if record.dagster_run.job_name in _JOBS]
    causes = [(record, _ended_by(context.instance, record.dagster_run)) for record in records]
    requests = [request for record, cause in causes if cause and (request := _rest_of(record, cause))]
    yield from requests
    if not requests:
        yield dg.SkipReason("no run was ended from outside, or what ended it is still in the way")


def _close_dead_runs(context: dg.SensorEvaluationContext) -> None:
    """Two looks, since one may fall between the last step of a run and its end."""
    suspected = set((context.cursor or "").split(","))
    started = context.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    dead = [run for run in started if STARTED_BY not in run.tags and _is_dead(profile_of(run.tags))]
    context.update_cursor(",".join(run.run_id for run in dead if run.run_id not in suspected))
    for run in dead:
        if run.run_id in suspected:
            context.instance.report_run_failed(run, DIED)


def _is_dead(profile: str | None) -> bool:
    """Whether nobody holds the folder of a run's profile, or the settings have no such profile any more."""
    try:
        return not is_held(Settings.of(profile).folder)
    except BluumError:  # it is about this run alone: others can be judged
        return _is_gone(profile)


def _is_gone(profile: str | None) -> bool:
    """Whether the settings have no such profile; no, if they cannot be read now."""
    try:
        return profile not in (None, SANDBOX, *profile_names())  # the sandbox is there beside a key pair, too
    except SettingsRefused:
        return False


def _is_free(profile: str) -> bool:
    """Whether nobody writes to a profile's folder or lake; no, if that cannot be told now."""
    try:
        return who_writes(Settings.of(profile)) is None
    except BluumError:
        return False


def _ended_by(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str | None:
    """What ended it from outside: a signal, a kill, a writer in its way; None if nothing did, or somebody in the pages."""
    if STARTED_BY in run.tags or instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_CANCELING):
        return None
    if run.status is dg.DagsterRunStatus.CANCELED:
        return Interrupted.__name__
    for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE):
        event = entry.get_dagster_event()
        data = event.event_specific_data
        if event.message == DIED:
            return DIED
        if isinstance(data, JobFailureData):
            return DIED if data.failure_reason is RunFailureReason.START_TIMEOUT else _below(data.error)
    return None


def _below(error: SerializableErrorInfo | None) -> str | None:
    """Which of the errors that come from outside there is in a chain of causes."""
    if error is None:
        return None
    return error.cls_name if error.cls_name in _FROM_OUTSIDE else _below(error.cause)


def _rest_of(record: RunRecord, cause: str) -> dg.RunRequest | None:
    """What is left to do: the night, as long as it can be asked; once it is over, to publish what has landed."""
    run = record.dagster_run
    profile, restarts = profile_of(run.tags), int(run.tags.get(RESTARTS, 0)) + (cause != _LOCKED)
    if profile is None or restarts > MOST_RESTARTS or _is_gone(profile) or (cause == _LOCKED and not _is_free(profile)):
        return None
    is_open = as_of_date(record.create_timestamp) == as_of_date(datetime.now(UTC))
    job = run.job_name if is_open else remodel.name
    return dg.RunRequest(run_key=f"after {run.run_id}", job_name=job, partition_key=profile, tags={RESTARTS: str(restarts)})
