"""Opens bi.duckdb to read it, and hands out what it answers, every decimal exact.

What is asked stands in `questions/`; what is drawn of the answers is the business of whoever asks.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from pipelines.errors import BluumError
from pipelines.lake import Lake, closing
from pipelines.literal import literal
from reading.questions import NoSuchQuestion, question

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


class NothingPublished(BluumError):
    """There is nothing published to read, or it cannot be read."""


class AnotherVersion(BluumError):
    """What is published has not the tables and columns that this version of the program asks of."""


@dataclass(frozen=True)
class Answer:
    """What a question came to, as a table of Arrow: decimals are decimals, dates dates, times in UTC."""

    table: pa.Table

    def arrow(self) -> pa.Table:
        """As Arrow."""
        return self.table

    def polars(self) -> "pl.DataFrame":
        """As a frame of polars; its decimals are exact."""
        import polars as pl

        frame = pl.from_arrow(self.table)
        assert isinstance(frame, pl.DataFrame)
        return frame

    def pandas(self) -> "pd.DataFrame":
        """As a frame of pandas whose columns stay Arrow's, so that decimals are exact (`.df()` of DuckDB makes floats)."""
        import pandas as pd

        return self.table.to_pandas(types_mapper=pd.ArrowDtype)

    def rows(self) -> list[dict[str, Any]]:
        """As Python's own: a dict a row, `Decimal`, `date`, `None`."""
        rows: list[dict[str, Any]] = self.table.to_pylist()
        return rows

    def row(self) -> dict[str, Any] | None:
        """The first row, or None if there is none."""
        return next(iter(self.table.slice(0, 1).to_pylist()), None)


class Marts:
    """A bi.duckdb, or a lake. Each question is asked of it as it then is, so that the next one sees a new night."""

    def __init__(self, place: Path | str | Lake) -> None:
        self.place = Path(place) if isinstance(place, str) else place
        self._kept_open: duckdb.DuckDBPyConnection | None = None

    def ask(self, name: str, **values: object) -> Answer:
        """Ask a named question; a parameter that is not given is null.

        Raises NoSuchQuestion for a name or a parameter there is none of, NothingPublished if there is no file to ask, and
        AnotherVersion if it is not the file this question was written for.
        """
        asked = question(name)
        if unknown := values.keys() - asked.parameters:
            known = ", ".join(sorted(asked.parameters)) or "none"
            raise NoSuchQuestion(f"the question {name!r} has no parameter {min(unknown)!r}; it has: {known}")
        try:
            return self.sql(asked.sql, **{**dict.fromkeys(asked.parameters), **values})
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise self._another_version(error) from error

    def check(self, names: Iterable[str]) -> None:
        """Make sure that this file has what these questions ask of. Raises NothingPublished, AnotherVersion."""
        with self.open() as connection:
            try:
                for asked in map(question, names):
                    connection.execute(f"explain {asked.sql}", dict.fromkeys(asked.parameters) or None)
            except (duckdb.CatalogException, duckdb.BinderException) as error:
                raise self._another_version(error) from error

    def _another_version(self, error: duckdb.Error) -> AnotherVersion:
        reason = str(error).splitlines()[0]
        remedy = "`bluum sync`, or `bluum replay`, builds and publishes its marts anew"
        return AnotherVersion(f"{self.place} was made by another version; {remedy} ({reason})")

    def sql(self, query: str, **values: object) -> Answer:
        """Ask a query of your own; `$name` in it takes the value of that name. Raises NothingPublished."""
        with nullcontext(self._kept_open) if self._kept_open else self.open() as connection:
            return Answer(connection.execute(query, values or None).to_arrow_table())

    @contextmanager
    def one_night(self) -> Iterator["Marts"]:
        """The marts as they stand now, for many questions: all answers are of one night, whatever is published meanwhile.

        Raises NothingPublished.
        """
        marts = Marts(self.place)
        with self.open() as marts._kept_open:
            marts._kept_open.execute("begin")  # of a file, what was opened stays; a lake moves on
            yield marts

    @contextmanager
    def open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of its own, read-only, with what is published as `bi`; of other files it may do what DuckDB can.

        Raises NothingPublished.
        """
        try:
            connection = self.place.connect("bi", read_only=True) if isinstance(self.place, Lake) else _attach(self.place)
        except duckdb.Error as error:
            raise NothingPublished(_why_not(self.place, error)) from error
        with closing(connection):
            yield connection


def _attach(path: Path) -> duckdb.DuckDBPyConnection:
    # A path that any connection of this process holds open would give the night it was opened on, for ever.
    connection = duckdb.connect()
    connection.execute(f"attach {literal(path.resolve())} as bi (read_only); use bi; set TimeZone = 'UTC'")
    connection.execute("set enable_progress_bar = false")  # it would be drawn between what the program prints
    return connection


def _why_not(place: Path | Lake, error: duckdb.Error) -> str:
    if isinstance(place, Lake):
        reason = str(error).strip().partition(chr(10))[0]
        is_there = "creating a new DuckLake is explicitly disabled" not in reason
        return f"{place} cannot be read: {reason}" if is_there else f"{place} is not there yet; `bluum sync` makes it"
    path = place
    try:
        is_there = path.exists()
    except OSError as hidden:
        return f"{path} cannot be read: {hidden.strerror or hidden}"
    if not is_there:
        return f"there is no {path} yet; `bluum sync` makes it, or `bluum publish` from the warehouse beside it"
    return f"{path} cannot be read: {str(error).splitlines()[0]}"
