"""The program `bluum`: what a person types, and the one place where errors become a line and an exit code.

Exit codes: 0 complete, 3 landed with failures, 1 nothing published, 2 wrong usage, 130 or 143 stopped by a signal.
The work is done elsewhere; commands import it when they run, so that `bluum --help` answers at once.
"""

import gc
import os
import sys
from datetime import datetime
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from traceback import format_exc
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from pipelines.errors import BluumError, Interrupted
from pipelines.settings import Settings, moved, profile_names

COMPLETE, NOTHING_PUBLISHED, WITH_FAILURES = 0, 1, 3


class Every(StrEnum):
    """How dense a backfill is."""

    day = "day"
    week = "week"
    month = "month"


app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
out = Console(file=sys.stdout, highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 140)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def _print_version(wanted: bool) -> None:
    if wanted:
        out.print(version("bluum-warehouse"))
        raise typer.Exit


@app.callback()
def bluum(
    _: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="print it and end")] = False,
) -> None:
    """A nightly sync of the Bluum wealth API into a DuckDB warehouse that keeps what the API forgets."""


@app.command()
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


@app.command("backfill-pnl")
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


@app.command()
def replay() -> None:
    """Read the kept answers with quarantined rows again, now that the program may have learned to, then publish."""
    settings = Settings.of()
    from cli.running import run_replay

    raise typer.Exit(run_replay(settings, out, everything=False))


@app.command()
def rebuild() -> None:
    """Rebuild every typed table and every mart from the kept answers alone, then publish."""
    settings = Settings.of()
    from cli.running import run_replay

    raise typer.Exit(run_replay(settings, out, everything=True))


@app.command()
def forget(
    account: Annotated[list[str], typer.Option(help="the account's id, as in marts.accounts; may be repeated")],
) -> None:
    """Erase accounts for good, wherever this program has kept something of them, and leave them out of every later night."""
    settings = Settings.of()
    from cli.forget import run_forget

    raise typer.Exit(run_forget(settings, out, account))


@app.command()
def backup(to: Annotated[Path, typer.Option(help="the file to write; one that is there is not touched")]) -> None:
    """Copy the warehouse, whole and compared, to a file that must not be there yet. While a night is written it says so."""
    settings = Settings.of()
    from pipelines.destination.backup import back_up
    from pipelines.destination.lock import writing
    from pipelines.destination.warehouse import Warehouse

    with writing(settings, "bluum backup"):
        warehouse = Warehouse.of(settings)
        warehouse.mend()
        copied = back_up(warehouse, to)
    out.print(f"{to}: {copied.tables} tables, {copied.rows} rows, the newest night {copied.night}", markup=False)


@app.command()
def restore(source: Annotated[Path, typer.Option("--from", help="what `bluum backup` has written")]) -> None:
    """Put a backup in the place of a warehouse that is gone, and publish it. A warehouse that is there is not touched."""
    settings = Settings.of()
    from cli.running import run_restore

    raise typer.Exit(run_restore(settings, source, out))


@app.command()
def status() -> None:
    """Say what the warehouse holds, how complete its last nights are, what is published and who is writing."""
    settings = Settings.of()
    from cli.summary import print_status

    print_status(settings, out)


@app.command()
def move(
    to: Annotated[str, typer.Option(help="ducklake:postgres: and what libpq connects to; or `file`")],
    data: Annotated[str | None, typer.Option(help="where a lake's files are to be; default: BLUUM_LAKE_DATA")] = None,
) -> None:
    """Move the warehouse to a lake, or back to a file: copied, compared, built and published there. The old one is left."""
    settings = Settings.of()
    target = moved(settings, to, data)
    from cli.running import run_move

    raise typer.Exit(run_move(settings, target, out))


@app.command()
def publish() -> None:
    """Publish the marts as they stand in the warehouse, without asking the API for anything."""
    settings = Settings.of()
    from pipelines.destination.lock import writing

    with writing(settings, "bluum publish"):
        _publish(settings, "bluum publish")


def _publish(settings: Settings, purpose: str) -> None:
    from pipelines.destination.publish import publish as publish_marts

    rows = publish_marts(settings, run_id=purpose)
    out.print(f"{settings.published}: {len(rows)} tables, {sum(rows.values())} rows", markup=False)
    from assets.report import NotReported, report_of

    try:
        report_of(settings)
    except NotReported as error:
        err.print(f"bluum: {error}", markup=False)
        raise typer.Exit(WITH_FAILURES) from error


@app.command()
def report(
    account: Annotated[
        list[str] | None, typer.Option(help="the pages of this account alone, without the book, to be sent; may be repeated")
    ] = None,
) -> None:
    """Make the morning report of what is published: the book, a page for each account and each portfolio."""
    from pipelines.destination.lock import writing
    from reading.report import make_account_report, make_report

    settings = Settings.of()
    with writing(settings, "bluum report"):
        for made in [make_account_report(settings, name) for name in account or ()] or [make_report(settings)]:
            out.print(f"{made.path}: {made.pages} pages", markup=False)


@app.command()
def export(
    to: Annotated[Path | None, typer.Option(help="the folder; default: export in the data folder")] = None,
) -> None:
    """Write the published marts as Parquet files with a manifest, for tools without a driver for DuckDB."""
    from pipelines.destination.lock import writing
    from reading import Marts
    from reading.export import export as export_marts

    settings = Settings.of()
    folder = to or settings.folder / "export"
    with writing(settings, "bluum export"):
        files = export_marts(Marts(settings.published), folder, int(settings.bi_file_mode, 8))
    size, rows = sum(file.bytes for file in files) / 1e6, sum(file.rows for file in files)
    out.print(f"{folder}: {len(files)} files, {rows} rows, {size:.1f} MB, and manifest.json", markup=False)


@app.command("superset-pack")
def superset_pack(
    to: Annotated[Path, typer.Option(help="the zip")] = Path("superset.zip"),
) -> None:
    """Write what Superset imports: bi.duckdb with its descriptions, metrics, charts and two dashboards, as a zip."""
    settings = Settings.of()
    from reading import Marts
    from reading.superset import write_pack

    charts, dashboards = write_pack(Marts(settings.published), to)
    out.print(f"{to}: {charts} charts on {dashboards} dashboards; superset import-dashboards -p {to} -u admin", markup=False)


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(help="0: any free one")] = 8080,
    accounts: Annotated[int, typer.Option(help="how many accounts its world has")] = 12,
    rate_limit: Annotated[int, typer.Option(help="requests a second; 0: none")] = 10,
    latency: Annotated[float, typer.Option(help="seconds added to every answer")] = 0.0,
    seed: Annotated[str, typer.Option(help="another seed, another world")] = "bluum",
) -> None:
    """Serve the bundled Bluum API on loopback until Ctrl-C."""
    from assets.resources import sandbox_now
    from sandbox.server import Options, serve

    options = Options(accounts=accounts, rate_limit=rate_limit, latency=latency, seed=seed, start=sandbox_now())
    serve(
        options,
        port,
        announce=lambda it: out.print(f"BLUUM_BASE_URL={it.base_url} BLUUM_API_KEY={it.key} BLUUM_API_SECRET={it.secret}"),
    )


@app.command()
def demo() -> None:
    """Play sixty nights of the sandbox into a folder of their own, and ask twelve questions of the result."""
    settings = Settings.of()
    from cli.demo import run_demo

    raise typer.Exit(run_demo(settings, out))


Bi = Annotated[Path | None, typer.Option("--bi", help="another bi.duckdb than that of the settings, such as the demo's")]


@app.command()
def dashboard(
    bi: Bi = None,
    port: Annotated[int, typer.Option(help="0: any free one")] = 2718,
    host: Annotated[str, typer.Option(help="what to listen at; beyond this machine only with a token")] = "127.0.0.1",
    token_file: Annotated[
        Path | None, typer.Option("--token-password-file", help="a file with the token that visitors must give; -: stdin")
    ] = None,
) -> None:
    """Serve the dashboard of bi.duckdb until Ctrl-C: drift, why it moved, and P&L, to be turned by hand."""
    from reading.serving import serve as serve_dashboard

    serve_dashboard(
        bi or Settings.of().published,
        host,
        port,
        token_file,
        announce=lambda url: out.print(f"Dashboard: {url}  (Ctrl-C ends it)", markup=False),
    )


@app.command()
def notebook(bi: Bi = None, port: Annotated[int, typer.Option(help="where to listen")] = 2719) -> None:
    """Open the notebook that teaches the warehouse by twelve questions: a copy in the data folder, yours to change."""
    from reading.serving import open_notebook

    settings = Settings.of()
    open_notebook(bi or settings.published, settings.folder, port)


@app.command()
def sql(
    query: Annotated[str | None, typer.Argument(help="what to ask; without it, a terminal client opens")] = None,
    bi: Bi = None,
) -> None:
    """Ask bi.duckdb, read-only: one query, answered as a table, or as many as you like in a terminal client."""
    from reading.prompt import answer, open_client

    place = bi or Settings.of().published
    if query is None:
        open_client(place)
    else:  # where it is piped on, a line is as long as it has to be
        answer(place, query, out if sys.stdout.isatty() else Console(width=100_000, highlight=False))


@app.command()
def dev() -> None:
    """Open Dagster's UI, with the assets, the job `nightly` and its schedule."""
    settings = Settings.of()
    from cli.run_history import dagster_home

    # Dagster starts in this very folder, so that its runs read the same `.env` and bluum.toml as every other command.
    environment = {**os.environ, "DAGSTER_HOME": str(dagster_home(settings))}
    dagster = Path(sys.executable).with_name("dagster")
    program = Path(__file__).parent.parent  # where to import from: not from a folder `assets` that stands here by chance
    arguments = ["dev", "--module-name", "assets.definitions", "--working-directory", str(program)]
    os.execve(dagster, ["dagster", *arguments], environment)


def main() -> NoReturn:
    """Run the program; a mistake of the user's or of the world's ends in one line, one of ours in a traceback."""
    gc.set_threshold(100_000, 50, 100)  # Dagster, dbt and dlt hold so many objects that looking through them takes a tenth
    os.umask(0o077)  # what is written is for its owner; bi.duckdb has a setting of its own
    try:
        app(standalone_mode=True)
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
