"""`bluum sql`: a query answered as a table, or bi.duckdb opened read-only in a terminal client to ask it more.

The client opens the file itself, under its own name, so that its views and macros are found.
"""

import os
import shutil
import sys
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines.errors import BluumError
from pipelines.lake import Lake
from pipelines.literal import literal
from reading.marts import Marts

SHOWN_ROWS = 1000


class NotAnswered(BluumError):
    """A query that bi.duckdb does not answer, or no client to open it with."""


def answer(place: Path | Lake, query: str, console: Console) -> None:
    """Print what a query comes to, every decimal with all of its digits. Raises NotAnswered, NothingPublished.

    It is answered from what is published alone: it reads and writes no other file.
    """
    try:
        asked = len(duckdb.extract_statements(query))
        if asked != 1:
            raise NotAnswered(f"{asked} queries in one: ask one at a time" if asked else "there is no query to answer")
        with Marts(place).open() as connection:
            _confine(connection, place)
            found = connection.execute(query).to_arrow_table()
    except duckdb.Error as error:
        raise NotAnswered(str(error).splitlines()[0]) from error
    numbers = [str(field.type).startswith(("decimal", "int", "double")) for field in found.schema]
    table = Table()
    for name, is_number in zip(found.column_names, numbers, strict=True):
        table.add_column(Text(name), justify="right" if is_number else "left", overflow="fold")
    columns = [column.to_pylist() for column in found.slice(0, SHOWN_ROWS).columns]  # two may have one name
    for row in zip(*columns, strict=True):
        table.add_row(*(Text("" if value is None else _text(value)) for value in row))  # as it is: no markup
    console.print(table)
    if found.num_rows > SHOWN_ROWS:
        console.print(f"{SHOWN_ROWS} of {found.num_rows} rows; `limit` and `order by` choose others")


def client(place: Path | Lake) -> list[str]:
    """The command that opens it read-only: harlequin's, else that of DuckDB. Raises NotAnswered, NothingPublished."""
    with Marts(place).open():  # says why, if it cannot be
        pass
    if find_spec("harlequin"):
        options = ["--profile", "None", "--adapter", "duckdb", "--read-only"]  # whatever else its user has configured
        return [sys.executable, "-m", "harlequin", *options, str(place)]
    if found := shutil.which("duckdb"):
        return [found, "-readonly", str(place)]
    raise NotAnswered(
        "there is no client to open it with: pip install 'bluum-warehouse[explore]' brings harlequin, and DuckDB's own "
        'program, `duckdb`, would do; `bluum sql "select ..."` needs neither'
    )


def open_client(place: Path | Lake) -> None:
    """Become that client."""
    command = client(place)
    os.execv(command[0], command)


def _confine(connection: duckdb.DuckDBPyConnection, place: Path | Lake) -> None:
    if isinstance(place, Lake):
        connection.execute(f"set allowed_directories = [{literal(place.data)}]")
    connection.execute("set enable_external_access = false; set lock_configuration = true")


def _text(value: object) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
