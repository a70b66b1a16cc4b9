"""The program `bluum`: what a person types, and the one place where errors become a line and an exit code.

Exit codes: 0 complete, 3 landed with failures, 1 nothing published, 2 wrong usage, 130 or 143 stopped by a signal.
The work is done elsewhere; commands import it when they run, so that `bluum --help` answers at once.
"""

import os
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from rich.console import Console

from pipelines.errors import BluumError, Interrupted
from pipelines.settings import Settings

COMPLETE, NOTHING_PUBLISHED, WITH_FAILURES = 0, 1, 3
PROJECT = Path(__file__).parent.parent


class Every(StrEnum):
    """How dense a backfill is."""

    day = "day"
    week = "week"
    month = "month"


app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
out = Console(file=sys.stdout, highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 140)
err = Console(stderr=True, highlight=False, soft_wrap=True)


@app.callback()
def bluum() -> None:
    """A nightly sync of the Bluum wealth API into a DuckDB warehouse that keeps what the API forgets."""


@app.command()
def sync() -> None:
    """Sync tonight, build the marts, check them, publish bi.duckdb. Run again, it asks only for what is missing."""
    from cli.running import run_night

    raise typer.Exit(run_night(Settings(), out))


@app.command("backfill-pnl")
def backfill_pnl(
    start: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="first end date")],
    end: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="last end date")],
    every: Annotated[Every, typer.Option(help="each weekday, each Friday, or the last day of each month")] = Every.day,
    missing_only: Annotated[bool, typer.Option("--missing-only", help="leave out the reports that are held")] = False,
) -> None:
    """Ask for P&L reports of the past, then build and publish. Run again on the same night, it goes on."""
    from cli.running import run_backfill
    from pipelines.night.backfill import Window

    raise typer.Exit(run_backfill(Settings(), out, Window(start.date(), end.date(), every.value), missing_only=missing_only))


@app.command()
def replay() -> None:
    """Read the kept answers with quarantined rows again, now that the program may have learned to, then publish."""
    from cli.running import run_replay

    raise typer.Exit(run_replay(Settings(), out, everything=False))


@app.command()
def rebuild() -> None:
    """Rebuild every typed table and every mart from the kept answers alone, then publish."""
    from cli.running import run_replay

    raise typer.Exit(run_replay(Settings(), out, everything=True))


@app.command()
def status() -> None:
    """Say what the warehouse holds, how complete its last nights are, what is published and who is writing."""
    from cli.report import print_status

    print_status(Settings(), out)


@app.command()
def publish() -> None:
    """Publish the marts as they stand in the warehouse, without asking the API for anything."""
    from pipelines.destination.lock import writing
    from pipelines.destination.publish import publish as publish_marts

    settings = Settings()
    with writing(settings.data_dir, "bluum publish"):
        rows = publish_marts(settings, run_id="bluum publish")
    out.print(f"{settings.bi}: {len(rows)} tables, {sum(rows.values())} rows")


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(help="0: any free one")] = 8080,
    accounts: Annotated[int, typer.Option(help="how many accounts its world has")] = 12,
    rate_limit: Annotated[int, typer.Option(help="requests a second; 0: none")] = 10,
    latency: Annotated[float, typer.Option(help="seconds added to every answer")] = 0.0,
    seed: Annotated[str, typer.Option(help="another seed, another world")] = "bluum",
) -> None:
    """Serve the bundled Bluum API on loopback until Ctrl-C."""
    from assets.ingest import sandbox_now
    from sandbox.server import Options, serve

    options = Options(accounts=accounts, rate_limit=rate_limit, latency=latency, seed=seed, start=sandbox_now())
    serve(
        options,
        port,
        announce=lambda it: out.print(f"BLUUM_BASE_URL={it.base_url} BLUUM_API_KEY={it.key} BLUUM_API_SECRET={it.secret}"),
    )


@app.command()
def demo() -> None:
    """Play sixty nights of the sandbox into a folder of their own, and ask five questions of the result."""
    from cli.demo import run_demo

    raise typer.Exit(run_demo(Settings(), out))


@app.command()
def dev() -> None:
    """Open Dagster's UI, with the assets, the job `nightly` and its schedule."""
    from cli.running import dagster_home

    settings = Settings()
    os.environ["DAGSTER_HOME"] = str(dagster_home(settings))
    os.environ["BLUUM_DATA_DIR"] = str(settings.data_dir.resolve())
    os.chdir(PROJECT)
    os.execv(Path(sys.executable).with_name("dagster"), ["dagster", "dev", "--workspace", str(PROJECT / "workspace.yaml")])


def _refusal(problem: ErrorDetails) -> str:
    """One refused setting as a line: its variable, its value unless that may hold a secret, and why."""
    message = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return message
    name = str(problem["loc"][0]).upper()
    variable = name if name.startswith("BLUUM_") else f"BLUUM_{name}"
    is_secret = "KEY" in variable or "SECRET" in variable or "@" in str(problem["input"])
    return f"{variable}: {message}" if is_secret else f"{variable} ({problem['input']!r}): {message}"


def main() -> NoReturn:
    """Run the program; a mistake of the user's or of the world's ends in one line, one of ours in a traceback."""
    os.umask(0o077)  # what is written is for its owner; bi.duckdb has a setting of its own
    try:
        app(standalone_mode=True)
    except ValidationError as error:
        if error.title != Settings.__name__:
            raise
        for problem in error.errors():
            err.print(f"bluum: {_refusal(problem)}", markup=False)
        sys.exit(NOTHING_PUBLISHED)
    except Interrupted as error:
        err.print(f"bluum: {error}", markup=False)
        sys.exit(128 + error.signal_number)
    except BluumError as error:
        err.print(f"bluum: {error}", markup=False)
        sys.exit(NOTHING_PUBLISHED)
    except KeyboardInterrupt:
        err.print("bluum: stopped; what had landed stays, `bluum sync` goes on from there")
        sys.exit(130)
    sys.exit(COMPLETE)
