"""What follows on a run: an alert when something is wrong with it, the models when it was a backfill.

An alert is one line to BLUUM_ALERT_WEBHOOK, with dates and counts; what it is about in full stands in Dagster and in the
marts. Sensors look at Dagster's own records and never into the warehouse, so they are in no writer's way.
"""

import re
from collections.abc import Iterator

import dagster as dg
from dagster._core.events import JobFailureData
from dagster_shared.error import SerializableErrorInfo

from assets.checks import coverage, quarantine
from assets.jobs import backfill_pnl, remodel
from assets.partitions import PROFILES, profile_of
from assets.pnl_history import KEY
from assets.resources import AlertResource
from pipelines.settings import profile_names

STARTED_BY = "bluum/started_by"
"""The tag of runs that the command line has started, in its own process."""
_LONGEST = 300  # characters of an error that are passed on


@dg.run_failure_sensor(
    name="failed_run",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Posts a line for every run that fails, if BLUUM_ALERT_WEBHOOK is set.",
)
def failed_run(context: dg.RunFailureSensorContext, alerts: AlertResource) -> None:
    """One line for a run that failed: its job, the first line of why, and the gaps of the night if it came to its checks."""
    failures = [*(event.step_failure_data.error for event in context.get_step_failure_events()), _of_the_run(context)]
    reason = next((_said_by(error) for error in failures if error), context.failure_event.message or "no reason given")
    run = context.dagster_run
    gaps = _gaps(context.instance, run)
    text = f"bluum: {_named(run)} failed: {reason[:_LONGEST]}{gaps and f'; it has gaps: {gaps}'}"
    context.log.info(alerts.post(text, profile_of(run.tags)))


def _named(run: dg.DagsterRun) -> str:
    profile = profile_of(run.tags)
    return f"{run.job_name}{f' of profile {profile}' if profile else ''} (run {run.run_id[:8]})"


def _of_the_run(context: dg.RunFailureSensorContext) -> SerializableErrorInfo | None:
    data = context.failure_event.event_specific_data
    return data.error if isinstance(data, JobFailureData) else None


def _said_by(error: SerializableErrorInfo) -> str:
    """The first line of the error that was raised, below those that Dagster wraps it in, and without its class."""
    while error.cause and (error.cls_name or "").startswith("Dagster"):
        error = error.cause
    return re.sub(rf"^[\w.]*{error.cls_name}: ", "", error.message).strip().partition("\n")[0]


@dg.run_status_sensor(
    name="incomplete_night",
    run_status=dg.DagsterRunStatus.SUCCESS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Posts a line for every night that was published with gaps, if BLUUM_ALERT_WEBHOOK is set.",
)
def incomplete_night(context: dg.RunStatusSensorContext, alerts: AlertResource) -> None:
    """One line for a run whose checks of the night have warned: what each of them says."""
    run = context.dagster_run
    if gaps := _gaps(context.instance, run):
        context.log.info(alerts.post(f"bluum: {_named(run)} has gaps: {gaps}", profile_of(run.tags)))


def _gaps(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    """What those checks of a run said that have warned; empty if none has."""
    ours = {*coverage.check_keys, *quarantine.check_keys}  # that figures disagree is Bluum's, and lasts for weeks
    logged = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    results = [entry.get_dagster_event().asset_check_evaluation_data for entry in logged]
    warned = [result for result in results if result.asset_check_key in ours and not result.passed]
    return "; ".join(f"{result.check_name}: {result.description}" for result in warned)


@dg.run_status_sensor(
    name="remodel_after_backfill",
    run_status=dg.DagsterRunStatus.SUCCESS,
    request_job=remodel,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Builds the models and publishes when a backfill of P&L reports has ended.",
)
def remodel_after_backfill(context: dg.RunStatusSensorContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run of `remodel` for a backfill that Dagster has run; the command line goes on by itself."""
    run = context.dagster_run
    is_backfill = run.job_name == backfill_pnl.name or KEY in (run.asset_selection or ())
    if is_backfill and STARTED_BY not in run.tags:
        yield dg.RunRequest(run_key=run.run_id, partition_key=profile_of(run.tags))
    else:
        yield dg.SkipReason(f"{run.run_id[:8]} is no backfill that Dagster has run")


@dg.sensor(
    name="profiles",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Keeps the partitions in step with the profiles of the settings.",
)
def profiles(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Adds a partition for each profile that has none yet."""
    held = context.instance.get_dynamic_partitions(str(PROFILES.name))
    new = [name for name in profile_names() if name not in held]
    if not new:
        return dg.SkipReason("every profile has its partition")
    return dg.SensorResult(dynamic_partitions_requests=[PROFILES.build_add_request(new)])
