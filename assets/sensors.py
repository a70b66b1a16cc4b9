"""Who is told when something is wrong: one line to BLUUM_ALERT_WEBHOOK, for a run that failed or a night with gaps.

They look at Dagster's own records and never into the warehouse, so they are in no writer's way. A line holds dates and
counts; what it is about in full stands in Dagster and in the marts.
"""

import re

import dagster as dg
from dagster._core.events import JobFailureData
from dagster_shared.error import SerializableErrorInfo

from assets.checks import coverage, quarantine
from assets.resources import AlertResource

_LONGEST = 300  # characters of an error that are passed on


@dg.run_failure_sensor(
    name="failed_run",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Posts a line for every run that fails, if BLUUM_ALERT_WEBHOOK is set.",
)
def failed_run(context: dg.RunFailureSensorContext, alerts: AlertResource) -> None:
    """One line for a run that failed: its job and the first line of why."""
    failures = [*(event.step_failure_data.error for event in context.get_step_failure_events()), _of_the_run(context)]
    reason = next((_said_by(error) for error in failures if error), context.failure_event.message or "no reason given")
    run = context.dagster_run
    context.log.info(alerts.post(f"bluum: {run.job_name} failed (run {run.run_id[:8]}): {reason[:_LONGEST]}"))


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
    ours = {*coverage.check_keys, *quarantine.check_keys}  # that figures disagree is Bluum's, and lasts for weeks
    logged = context.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    results = [entry.get_dagster_event().asset_check_evaluation_data for entry in logged]
    warned = [result for result in results if result.asset_check_key in ours and not result.passed]
    if warned:
        said = "; ".join(f"{result.check_name}: {result.description}" for result in warned)
        context.log.info(alerts.post(f"bluum: {run.job_name} has gaps (run {run.run_id[:8]}): {said}"))
