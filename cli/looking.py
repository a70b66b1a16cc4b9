"""The commands that show what is published: as a report, in files, in Superset, in a browser, in a terminal.

The work is done in `reading/`; a command imports it when it runs.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.console import out
from pipelines.settings import Settings

commands = typer.Typer()


@commands.command()
def report(
    account: Annotated[
        list[str] | None, typer.Option(help="the pages of this account alone, without the book, to be sent; may be repeated")
    ] = None,
) -> None:
    """Make the morning report of what is published: the book, a page for each account and each portfolio."""
    from pipelines.destination.lock import holding
    from reading.report import make_account_report, make_report

    settings = Settings.of()
    with holding(settings.folder, "bluum report"):
        for made in [make_account_report(settings, name) for name in account or ()] or [make_report(settings)]:
            out.print(f"{made.path}: {made.pages} pages", markup=False)


@commands.command()
def export(
    to: Annotated[Path | None, typer.Option(help="the folder; default: export in the data folder")] = None,
) -> None:
    """Write the published marts as Parquet files with a manifest, for tools without a driver for DuckDB."""
    from pipelines.destination.lock import holding
    from reading import Marts
    from reading.export import export as export_marts

    settings = Settings.of()
    folder = to or settings.folder / "export"
    with holding(settings.folder, "bluum export"):
        files = export_marts(Marts(settings.published), folder, int(settings.bi_file_mode, 8))
    size, rows = sum(file.bytes for file in files) / 1e6, sum(file.rows for file in files)
    out.print(f"{folder}: {len(files)} files, {rows} rows, {size:.1f} MB, and manifest.json", markup=False)


@commands.command("superset-pack")
def superset_pack(
    to: Annotated[Path, typer.Option(help="the zip")] = Path("superset.zip"),
) -> None:
    """Write what Superset imports: bi.duckdb with its descriptions, metrics, charts and two dashboards, as a zip."""
    settings = Settings.of()
    from reading import Marts
    from reading.superset import write_pack

    charts, dashboards = write_pack(Marts(settings.published), to)
    out.print(f"{to}: {charts} charts on {dashboards} dashboards; superset import-dashboards -p {to} -u admin", markup=False)


Bi = Annotated[Path | None, typer.Option("--bi", help="another bi.duckdb than that of the settings, such as the demo's")]


@commands.command()
def dashboard(
    bi: Bi = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one")] = 2718,
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


@commands.command()
def notebook(bi: Bi = None, port: Annotated[int, typer.Option(min=0, max=65535, help="where to listen")] = 2719) -> None:
    """Open the notebook that teaches the warehouse by twelve questions: a copy in the data folder, yours to change."""
    from reading.serving import open_notebook

    settings = Settings.of()
    open_notebook(bi or settings.published, settings.folder, port)


@commands.command()
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
