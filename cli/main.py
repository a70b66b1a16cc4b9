"""The program `bluum`: its commands, and the one place where errors become a line and an exit code.

What can be typed is `nights.py`, `looking.py`, `keeping.py` and `playing.py`.
"""

import atexit
import gc
import os
import sys
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer

from cli import keeping, looking, nights, playing
from cli.console import COMPLETE, NOTHING_PUBLISHED, err, out
from pipelines.errors import BluumError, Interrupted

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
for module in (nights, looking, keeping, playing):
    app.add_typer(module.commands)


def _print_version(wanted: bool) -> None:
    if wanted:
        out.print(version("bluum-warehouse"))
        raise typer.Exit


@app.callback()
def bluum(
    _: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="print it and end")] = False,
) -> None:
    """A nightly sync of the Bluum wealth API into a DuckDB warehouse that keeps what the API forgets."""


def main() -> NoReturn:
    """Run the program; a mistake of the user's or of the world's ends in one line, one of ours in a traceback."""
    gc.set_threshold(100_000, 50, 100)  # Dagster, dbt and dlt hold so many objects that looking through them takes a tenth
    atexit.register(gc.freeze)  # by itself Python looks through them once more to end, which takes 0.9 s
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
