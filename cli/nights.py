"""The commands that make a night: asking, reading again, publishing, and saying how it stands.

The work is done elsewhere; a command imports it when it runs, so that `bluum --help` answers at once.
"""

from datetime import datetime
from enum import StrEnum
from traceback import format_exc
from typing import Annotated

import typer

from cli.console import COMPLETE, NOTHING_PUBLISHED, WITH_FAILURES, err, out
from pipelines.errors import BluumError, Interrupted
from pipelines.settings import Settings, profile_names

commands = typer.Typer()


class Every(StrEnum):
    """How dense a backfill is."""

    day = "day"
    week = "week"
    month = "month"


@commands.command()
def sync(
    all_profiles: Annotated[
        bool, typer.Option("--all-profiles", help="every key pair, one after the other; see .env.example")
    ] = False,
) -> None:
    """Sync tonight, build the marts, check them, publish bi.duckdb. Run again, it asks only for what is missing."""
    if all_profiles:
        raise typer.Exit(worst([_sync_profile(name) for name in profile_names()]))
    settings = Settings.of()  # before Dagster is imported: a refused setting says so at once
    from cli.running import run_night

    raise typer.Exit(run_night(settings, out))


def worst(codes: list[int]) -> int:
    """The exit code of several nights: a night that was not published is worse than one with failures."""
    return max(codes, key=[COMPLETE, WITH_FAILURES, NOTHING_PUBLISHED].index)


def _sync_profile(name: str) -> int:
    """One of several nights; whatever ends it but a signal, the next one begins. Returns its exit code."""
    out.print(f"Profile {name}", style="bold")
    try:
        settings = Settings.of(name)
        from cli.running import run_night

        return run_night(settings, out)
    except Interrupted:
        raise
    except BluumError as error:
        err.print(f"bluum: profile {name}: {error}", markup=False)
    except Exception:
        err.print(f"bluum: profile {name}:\n{format_exc()}", markup=False)
    return NOTHING_PUBLISHED


@commands.command("backfill-pnl")
def backfill_pnl(
    start: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="first end date")],
    end: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="last end date")],
    every: Annotated[Every, typer.Option(help="each weekday, each Friday, or the last day of each month")] = Every.day,
    missing_only: Annotated[bool, typer.Option("--missing-only", help="leave out the reports that are held")] = False,
) -> None:
    """Ask for P&L reports of the past, then build and publish. Run again on the same night, it goes on."""
    settings = Settings.of()
    from cli.running import run_backfill
    from pipelines.night.backfill import Window

    raise typer.Exit(run_backfill(settings, out, Window(start.date(), end.date(), every.value), missing_only=missing_only))


@commands.command()
def replay() -> None:
    """Read the kept answers with quarantined rows again, now that the program may have learned to, then publish."""
    settings = Settings.of()
    from cli.running import run_replay

    raise typer.Exit(run_replay(settings, out, everything=False))


@commands.command()
def rebuild() -> None:
    """Rebuild every typed table and every mart from the kept answers alone, then publish."""
    settings = Settings.of()
    from cli.running import run_replay

    raise typer.Exit(run_replay(settings, out, everything=True))


@commands.command()
def publish() -> None:
    """Publish the marts as they stand in the warehouse, without asking the API for anything."""
    settings = Settings.of()
    from pipelines.destination.lock import writing

    with writing(settings, "bluum publish"):
        _publish(settings, "bluum publish")


def _publish(settings: Settings, purpose: str) -> None:
    from pipelines.destination.publish import publish as publish_marts
    from pipelines.destination.warehouse import Warehouse

    if new := len(Warehouse.of(settings).unbuilt_loads()):
        err.print(
            f"bluum: the newest {new} load(s) are in no build that passed its checks; the marts are published as they stand"
        )
    rows = publish_marts(settings, run_id=purpose)
    out.print(f"{settings.published}: {len(rows)} tables, {sum(rows.values())} rows", markup=False)
    from assets.report import NotReported, report_of

    try:
        report_of(settings)
    except NotReported as error:
        err.print(f"bluum: {error}", markup=False)
        raise typer.Exit(WITH_FAILURES) from error


@commands.command()
def status() -> None:
    """Say what the warehouse holds, how complete its last nights are, what is published and who is writing."""
    settings = Settings.of()
    from cli.summary import print_status

    print_status(settings, out)
