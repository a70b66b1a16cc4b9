"""Runs the jobs for the command line: in this process, with a progress line and a summary.

What the night does is said by the assets; what is printed by `summary.py`.
"""

import logging
import os
import signal
import sqlite3
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from uuid import uuid4

import dagster as dg
import duckdb
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from assets.definitions import build_defs
from assets.partitions import PNL_DAYS, PROFILES, range_tags
from assets.pnl_history import pnl_history
from assets.report import NotReported
from assets.resources import Bluum
from assets.sensors import STARTED_BY
from cli.run_history import close_dead_runs, dagster_home, forget_old_runs, run_history
from cli.summary import opening, print_summary, say_unreported
from pipelines.api.progress import Observer
from pipelines.api.progress import Progress as Synced
from pipelines.destination.backup import restore
from pipelines.destination.lock import writing
from pipelines.destination.move import move
from pipelines.destination.warehouse import Warehouse
from pipelines.errors import BluumError, Interrupted, WarehouseUnusable
from pipelines.night.backfill import Backfill, Window, plan
from pipelines.night.replay import replay
from pipelines.night.signals import noting
from pipelines.settings import Settings
from reading import Marts


@dataclass(frozen=True)
class Work:
    """A job to run, with its steps' config; `days`: the first and last end date of a backfill."""

    job: str
    config: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    days: tuple[str, str] | None = None


@dataclass(frozen=True)
class Ran:
    """A job that has run: what Dagster tells of it, or why the night that it published has no report."""

    run_id: str
    result: dg.ExecuteInProcessResult | None = None
    unreported: str | None = None


def run_night(settings: Settings, console: Console) -> int:
    """Sync, models, checks, publish. Returns the exit code. Raises BluumError if nothing could be published."""
    if settings.wants_sandbox:
        console.print("No BLUUM_API_KEY, no BLUUM_BASE_URL: asking the bundled sandbox, whose people and money are made up.")
    return _run(settings, console, Work("nightly"))


def _run(settings: Settings, console: Console, *works: Work) -> int:
    """Run jobs one after the other, the first of them with a progress line; then say what it came to."""
    started = monotonic()
    if settings.base_url and settings.base_url != settings.api_url:
        console.print(f"BLUUM_BASE_URL has no /v1: asking {settings.api_url}.", markup=False)
    with writing(settings, "bluum sync"):
        with _progress(console) as progress:
            line = progress.add_task("connecting", total=None)
            seen = Synced()

            def observe(synced: Synced) -> None:
                nonlocal seen
                seen = synced
                failures = f", {len(synced.failures)} failed" if synced.failures else ""
                total = synced.asked + synced.waiting
                text = f"night of {synced.as_of_date}{failures}" if synced.waiting else "building and checking the marts"
                progress.update(line, completed=synced.asked, total=total, description=text)

            ran = [execute(settings, work, observe) for work in works]
        # Under the lock, too: it looks into the warehouse, which the next writer would hold.
        return print_summary(settings, console, seen, ran[0].run_id, monotonic() - started, ran[-1].unreported)


def run_backfill(settings: Settings, console: Console, window: Window, *, missing_only: bool) -> int:
    """Say what a backfill will ask and how long that takes, then ask it, build and publish. Returns the exit code."""
    with writing(settings, "bluum backfill-pnl"):
        warehouse = Warehouse.of(settings)
        warehouse.mend()
        warehouse.sweep()  # what a killed backfill has left does not count, and would be planned as held
        backfill = plan(warehouse, window, settings.accounts, missing_only=missing_only)
        _say(backfill, settings, console)
        days = [day for request in backfill.requests if PNL_DAYS.has_partition_key(day := request.params["end_date"])]
        if not days:
            return 0
        config = {pnl_history.op.name: {"every": window.every, "missing_only": missing_only}}
        work = Work("backfill_pnl", config, (min(days), max(days)))
        return _run(settings, console, work, Work("remodel"))


def _say(backfill: Backfill, settings: Settings, console: Console) -> None:
    minutes = backfill.minutes(settings.requests_per_second)
    pace = f"about {minutes:.1f} minutes at the limit" if settings.requests_per_second else "at no limit"
    console.print(f"{len(backfill.requests)} reports to ask for, {pace}; {backfill.held} more are held.")
    if backfill.again:
        console.print(f"{backfill.again} of them are asked again, to find restatements; --missing-only leaves them out.")
    for account_id, why in backfill.refused.items():
        console.print(f"Not asked for account {account_id}: {why}.", markup=False)


def run_replay(settings: Settings, console: Console, *, everything: bool) -> int:
    """Read kept answers again, then build the models (all of them anew after `everything`) and publish."""
    purpose = "bluum rebuild" if everything else "bluum replay"
    with writing(settings, purpose):
        result = replay(Warehouse.of(settings), everything=everything)
        console.print(
            f"{result.responses} kept responses read again: {result.rows} rows, {result.quarantined} in quarantine, "
            f"{result.rejected} that still cannot be read"
        )
        ran = execute(settings, Work("remodel", {"models": {"full_refresh": everything}}))
    return say_unreported(console, ran.unreported)


def run_move(settings: Settings, target: Settings, console: Console) -> int:
    """Move the warehouse, then build the models and publish where it is now. Returns the exit code."""
    with writing(settings, "bluum move"), writing(target, "bluum move"):
        source = Warehouse.of(settings)
        source.mend()
        source.sweep()
        destination = Warehouse.of(target)
        destination.mend()
        rows = move(source, destination)
        console.print(f"{len(rows)} tables, {sum(rows.values())} rows: every column is the same in both.")
        setting = _setting(target)
        # Said before the models are built: from now on a night in the old place would be missing in the new one.
        said = f"The warehouse is now in {destination.store}; {setting}, and the next night goes on there."
        console.print(said, markup=False)
        console.print(f"What is in {source.store} was left, and is not renewed any more.", markup=False)
        try:
            ran = execute(target, Work("remodel", {"models": {"full_refresh": True}}))
        except Interrupted as error:
            raise Interrupted(f"{error}; but first {setting}", error.signal_number) from error
    console.print(f"Open it:  {opening(target)}", markup=False)
    return say_unreported(console, ran.unreported)


def _setting(target: Settings) -> str:
    """What makes the next night go on where the warehouse now is."""
    if target.lake is None:
        return "unset BLUUM_WAREHOUSE"
    data = target.lake.data.removesuffix(f"/{target.profile}")
    return f"set BLUUM_WAREHOUSE to {target.lake.address!r} and BLUUM_LAKE_DATA to {data!r}"


def run_restore(settings: Settings, source: Path, console: Console) -> int:
    """Put a backup back, build what it has no models of, and publish. Returns the exit code."""
    with writing(settings, "bluum restore"):
        warehouse = Warehouse.of(settings)
        copied = restore(source, warehouse)
        console.print(f"{warehouse.store}: {copied.rows} rows, the newest night {copied.night}", markup=False)
        console.print("Whoever was forgotten since that backup is in it again: run `bluum forget` for them once more.")
        ran = execute(settings, Work("remodel"))
    return say_unreported(console, ran.unreported)


def execute(settings: Settings, work: Work, observe: Observer = lambda progress: None) -> Ran:
    """Run a job in this process. Raises the BluumError that ended it, if one did; a report that failed ends nothing."""
    home, run_id, before = dagster_home(settings), str(uuid4()), _published_at(settings)
    # A signal that strikes while Dagster's history closes a connection would be logged with a traceback; our line says it.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    defs = build_defs(bluum=Bluum(settings, observe))
    run_config = {
        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
        "ops": {step: {"config": dict(values)} for step, values in work.config.items()},
    }
    with noting() as noted:
        try:
            # dagster-dbt repeats dbt's log on stdout; it stands in the data folder's dbt/dbt.log.
            with (
                run_history(home) as instance,
                Path(os.devnull).open("w") as nowhere,
                redirect_stdout(nowhere),
            ):
                close_dead_runs(instance)
                forget_old_runs(instance, home)
                instance.add_dynamic_partitions(str(PROFILES.name), [settings.profile])
                result = defs.resolve_job_def(work.job).execute_in_process(
                    run_id=run_id,
                    instance=instance,
                    run_config=run_config,
                    partition_key=None if work.days else settings.profile,
                    tags={STARTED_BY: "cli", **(range_tags(*work.days, settings.profile) if work.days else {})},
                )
                return Ran(run_id, result)
        except (Exception, KeyboardInterrupt, dg.DagsterExecutionInterruptedError) as error:
            reason, number = _reason(error), noted()
            if isinstance(reason, NotReported) and number is None:
                return Ran(run_id, unreported=str(reason))
            if number is None and not isinstance(error, Exception):
                number = signal.SIGINT
            if isinstance(reason, Interrupted) or number is None:  # the sync itself says more
                raise reason from error
            raise Interrupted(f"stopped by {number.name}: {_so_far(before, _published_at(settings))}", number) from error


def _published_at(settings: Settings) -> object:
    """When it was last published, to be compared; None if never, or if that cannot be told now."""
    try:
        return Marts(settings.published).sql("select max(published_at) from marts.manifest").row()
    except (BluumError, duckdb.Error):
        return None


def _so_far(before: object, after: object) -> str:
    """How far a run came that was stopped, by what was published before it and after."""
    if after == before:
        return "what was asked has landed, nothing was published; `bluum sync` goes on from here"
    if after is None:
        return "what was asked has landed; whether it is published cannot be told now, `bluum sync` goes on in any case"
    return "the night is published, its report was not made; `bluum report` makes it"


def _reason(error: BaseException) -> BaseException:
    """The error a user should see: ours if there is one below Dagster's, else the one that came."""
    chain: list[BaseException] = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and cause not in chain:
        chain.append(cause)
    for link in chain:
        if isinstance(link, BluumError):
            return link
        if isinstance(link, sqlite3.OperationalError):
            return WarehouseUnusable(f"Dagster's run history in the data folder cannot be written: {link}")
    return error


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
