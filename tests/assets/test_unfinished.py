"""Runs that were ended from outside: what is closed, what is begun again, and what is left alone."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import JobFailureData
from dagster._utils.error import serializable_error_info_from_exc_info
from dagster_shared.error import SerializableErrorInfo
from helpers.processes import held_elsewhere

from assets import unfinished
from assets.resources import AlertResource, Bluum, BluumResource
from assets.schedules import nightly_schedule
from assets.sensors import STARTED_BY
from assets.unfinished import DIED, MOST_RESTARTS, RESTARTS, unfinished_runs
from pipelines.destination.lock import holding, is_held
from pipelines.errors import Interrupted, Locked, ModelsFailed

NAME = "nightly"
PROFILE = {"dagster/partition": "default"}


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BLUUM_API_KEY", "key")
    monkeypatch.setenv("BLUUM_API_SECRET", "secret")
    with dg.DagsterInstance.local_temp(str(tmp_path)) as made:
        yield made


def started(instance: dg.DagsterInstance, run_id: str, job: str = NAME, **tags: str) -> dg.DagsterRun:
    """A run that goes on, by Dagster's records."""
    run = dg.DagsterRun(job_name=job, run_id=run_id, tags={**PROFILE, **tags}, status=dg.DagsterRunStatus.STARTED)
    return instance.add_run(run)


def look(instance: dg.DagsterInstance, times: int = 1) -> list[dg.RunRequest]:
    """The requests of the last of some looks in a row."""
    cursor, found = None, []
    for _ in range(times):
        context = dg.build_sensor_context(instance=instance, cursor=cursor)
        found = list(unfinished_runs(context))
        cursor = context.cursor
    return [request for request in found if isinstance(request, dg.RunRequest)]


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run
    return run.status


def test_a_run_whose_folder_nobody_holds_is_closed_at_the_second_look_and_begun_again(instance: dg.DagsterInstance) -> None:
    started(instance, "dead")
    assert look(instance) == []
    assert status(instance, "dead") is dg.DagsterRunStatus.STARTED  # it may be at its very end

    (request,) = look(instance, times=2)

    assert status(instance, "dead") is dg.DagsterRunStatus.FAILURE
    assert (request.job_name, request.partition_key) == ("nightly", "default")
    assert (request.run_key, request.tags) == ("after dead", {RESTARTS: "1"})  # Dagster takes a run key once


def test_a_run_that_holds_its_folder_goes_on(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    started(instance, "alive")
    with holding(tmp_path / "data", "Dagster's nightly"):
        assert look(instance, times=3) == []
    assert status(instance, "alive") is dg.DagsterRunStatus.STARTED


def test_what_the_command_line_runs_is_left_to_the_command_line(instance: dg.DagsterInstance) -> None:
    started(instance, "ours", **{STARTED_BY: "cli"})
    assert look(instance, times=3) == []
    assert status(instance, "ours") is dg.DagsterRunStatus.STARTED


def test_a_night_that_is_over_is_published_and_not_asked(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance.report_run_failed(started(instance, "dead"), DIED)

    class Tomorrow(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) + timedelta(hours=23)

    monkeypatch.setattr(unfinished, "_LOOKED_BACK", timedelta(days=3))
    monkeypatch.setattr(unfinished, "datetime", Tomorrow)
    (request,) = look(instance)
    assert request.job_name == "remodel"


def test_what_is_killed_again_and_again_is_not_begun_for_ever(instance: dg.DagsterInstance) -> None:
    instance.report_run_failed(started(instance, "fourth", **{RESTARTS: str(MOST_RESTARTS)}), DIED)
    assert look(instance) == []


def failed_by(error: Exception) -> Callable[[dg.DagsterInstance, dg.DagsterRun], None]:
    def report(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
        instance.report_run_failed(run, "Steps failed", JobFailureData(error=_told(error)))

    return report


def _told(error: Exception) -> SerializableErrorInfo:
    try:
        raise RuntimeError("as Dagster wraps it") from error
    except RuntimeError as wrapped:
        return serializable_error_info_from_exc_info((type(wrapped), wrapped, wrapped.__traceback__))


def cancelled_by_a_signal(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    instance.report_run_canceled(run)


def cancelled_in_the_pages(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    instance.report_run_canceling(run)
    instance.report_run_canceled(run)


def cancelled_while_it_was_asking(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    instance.report_run_canceling(run)
    failed_by(Interrupted("stopped by SIGINT", 2))(instance, run)


@pytest.mark.parametrize(
    ("end", "is_begun_again"),
    [
        (failed_by(Interrupted("stopped by SIGTERM", 15)), True),
        (cancelled_by_a_signal, True),
        (failed_by(ModelsFailed("a check failed")), False),
        (cancelled_in_the_pages, False),
        (cancelled_while_it_was_asking, False),
    ],
)
def test_what_a_signal_ended_is_begun_again_and_what_failed_or_was_cancelled_is_not(
    instance: dg.DagsterInstance, end: Callable[[dg.DagsterInstance, dg.DagsterRun], None], is_begun_again: bool
) -> None:
    end(instance, started(instance, "ended"))
    assert [request.run_key for request in look(instance)] == ["after ended"] * is_begun_again


@dg.op
def hold_the_folder(bluum: dg.ResourceParam[Bluum]) -> None: ...


@dg.job(name=NAME, resource_defs={"bluum": BluumResource()}, executor_def=dg.in_process_executor, tags=PROFILE)
def night() -> None:
    hold_the_folder()


def test_a_night_that_met_a_held_folder_is_begun_again_when_it_is_free_however_often(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    with held_elsewhere(tmp_path / "data"):
        met = night.execute_in_process(instance=instance, tags={RESTARTS: str(MOST_RESTARTS)}, raise_on_error=False)
        assert not met.success
        assert look(instance) == [], "it would meet the same again"

    (request,) = look(instance)
    assert (request.run_key, request.job_name) == (f"after {met.run_id}", "nightly")
    assert request.tags == {RESTARTS: str(MOST_RESTARTS)}, "to wait is not to be killed"


def test_a_dead_run_of_a_profile_that_is_gone_is_closed_and_keeps_no_other_from_being_finished(
    instance: dg.DagsterInstance,
) -> None:
    started(instance, "of nobody", **{"dagster/partition": "gone"})
    started(instance, "dead")

    (request,) = look(instance, times=2)

    assert request.run_key == "after dead"
    assert status(instance, "of nobody") is dg.DagsterRunStatus.FAILURE


def test_a_night_of_the_sandbox_is_begun_again_beside_a_key_pair(instance: dg.DagsterInstance) -> None:
    instance.report_run_failed(started(instance, "played", **{"dagster/partition": "sandbox"}), DIED)
    assert [request.partition_key for request in look(instance)] == ["sandbox"]


def test_while_the_settings_cannot_be_read_nothing_is_said_to_be_dead(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    started(instance, "perhaps")
    monkeypatch.setenv("BLUUM_SURFACE", "nonsense")
    assert look(instance, times=3) == []
    assert status(instance, "perhaps") is dg.DagsterRunStatus.STARTED


def test_only_nights_and_builds_are_begun_again(instance: dg.DagsterInstance) -> None:
    instance.report_run_failed(started(instance, "backfill", job="backfill_pnl"), DIED)
    assert look(instance) == []


def test_a_tick_that_was_missed_until_the_next_day_asks_nothing(instance: dg.DagsterInstance) -> None:
    missed = datetime.now(UTC) - timedelta(days=1)
    tick = dg.build_schedule_context(
        instance=instance, scheduled_execution_time=missed, resources={"alerts": AlertResource()}
    )
    (skipped,) = nightly_schedule(tick)
    assert isinstance(skipped, dg.SkipReason)
    assert "is over and cannot be asked any more" in str(skipped.skip_message)


def test_a_run_of_dagsters_holds_its_folder_from_beginning_to_end_and_ends_where_another_does(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    seen = []

    @dg.op
    def look_at_the_folder(bluum: dg.ResourceParam[Bluum]) -> None:
        seen.append(is_held(bluum.settings.folder))

    @dg.job(resource_defs={"bluum": BluumResource()}, executor_def=dg.in_process_executor)
    def two_steps() -> None:
        look_at_the_folder()
        look_at_the_folder.alias("again")()

    assert two_steps.execute_in_process(instance=instance).success
    assert seen == [True, True]
    assert not is_held(tmp_path / "data")
    with held_elsewhere(tmp_path / "data"), pytest.raises(dg.DagsterResourceFunctionError) as raised:
        two_steps.execute_in_process(instance=instance)
    assert isinstance(raised.value.__cause__, Locked)
