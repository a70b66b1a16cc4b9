"""The commands for what is kept: backed up, put back, moved elsewhere, erased.

The work is done elsewhere; a command imports it when it runs.
"""

from pathlib import Path
from typing import Annotated

import typer

from cli.console import out
from pipelines.settings import Settings, moved

commands = typer.Typer()


@commands.command()
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


@commands.command()
def restore(source: Annotated[Path, typer.Option("--from", help="what `bluum backup` has written")]) -> None:
    """Put a backup in the place of a warehouse that is gone, and publish it. A warehouse that is there is not touched."""
    settings = Settings.of()
    from cli.running import run_restore

    raise typer.Exit(run_restore(settings, source, out))


@commands.command()
def move(
    to: Annotated[str, typer.Option(help="ducklake:postgres: and what libpq connects to; or `file`")],
    data: Annotated[str | None, typer.Option(help="where a lake's files are to be; default: BLUUM_LAKE_DATA")] = None,
) -> None:
    """Move the warehouse to a lake, or back to a file: copied, compared, built and published there. The old one is left."""
    settings = Settings.of()
    target = moved(settings, to, data)
    from cli.running import run_move

    raise typer.Exit(run_move(settings, target, out))


@commands.command()
def forget(
    account: Annotated[list[str], typer.Option(help="the account's id, as in marts.accounts; may be repeated")],
) -> None:
    """Erase accounts for good, wherever this program has kept something of them, and leave them out of every later night."""
    settings = Settings.of()
    from cli.forget import run_forget

    raise typer.Exit(run_forget(settings, out, account))
