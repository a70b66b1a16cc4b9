"""Makes a report: the book, a page for each account and portfolio, put on the shelf as a whole.

    published_night -> book.py -> pages.py for some accounts at a time, in several processes if there are many -> shelf.py

Whoever calls this holds the data folder's lock, so that no night is published meanwhile.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import wait
from pathlib import Path

import duckdb

from pipelines.errors import BluumError
from pipelines.lake import Lake
from pipelines.settings import Settings
from reading.marts import AnotherVersion, Marts
from reading.report.answers import Answers
from reading.report.book import write_book, write_empty_book
from reading.report.names import account_file
from reading.report.pages import Night, write_pages
from reading.report.shelf import Shelf

NIGHTS = 252
"""Nights that the charts go back: a year of trading."""
AT_A_TIME = 200
"""Accounts that a process asks about at once: bounds its memory."""
ALONE = 60
"""Up to so many accounts are done sooner than another process starts."""


class ReportFailed(BluumError):
    """A report could not be made; the one before is as it was."""


@dataclass(frozen=True)
class Report:
    """What was made: the page to open, and how many there are."""

    path: Path
    pages: int


def make_report(settings: Settings, processes: int | None = None) -> Report:
    """Make the report of the newest night and let `report` lead to it.

    Raises NothingPublished, and ReportFailed if anything else fails.
    """
    shelf = Shelf(settings)
    with _failing(settings), Marts(settings.published).one_night() as marts, shelf.building() as folder:
        row = marts.ask("published_night", nights=NIGHTS).row()
        if row is None:
            pages = write_empty_book(folder)
            shelf.put(folder, None)
        else:
            night = Night(row)
            accounts, portfolios = marts.ask("accounts_tonight").rows(), marts.ask("portfolios_tonight").rows()
            _make_room(folder)
            pages = write_book(folder, marts, night, accounts, portfolios)
            pages += _write_all(folder, marts, night, [account["account_id"] for account in accounts], processes)
            shelf.put(folder, row["as_of_date"])
    return Report(shelf.link / "index.html", pages)


def make_account_report(settings: Settings, account_id: str) -> Report:
    """Make the pages of one account alone, without the book, to be sent to somebody. Raises as make_report does."""
    shelf = Shelf(settings)
    with _failing(settings), Marts(settings.published).one_night() as marts, shelf.building() as folder:
        row = marts.ask("published_night", nights=NIGHTS).row()
        if row is None or not marts.ask("accounts_tonight", account_ids=[account_id]).rows():
            raise ReportFailed(f"{settings.published} has no account {account_id}; nothing was made")
        night = Night(row, has_book=False)
        _make_room(folder)
        pages = write_pages(folder, Answers.ask(marts, [account_id], night.since), night)
        return Report(shelf.put_aside(folder, account_id) / account_file(account_id), pages)


def _make_room(folder: Path) -> None:
    for name in ("accounts", "portfolios"):
        (folder / name).mkdir()


@contextmanager
def _failing(settings: Settings) -> Iterator[None]:
    """Say in one line what the world did to a report."""
    try:
        yield
    except (duckdb.Error, AnotherVersion, OSError, BrokenProcessPool) as error:
        reason = str(error).splitlines()[0]
        raise ReportFailed(f"the report in {settings.folder} is as it was, a new one could not be made: {reason}") from error


def _write_all(folder: Path, marts: Marts, night: Night, account_ids: list[str], processes: int | None) -> int:
    """Write the pages of all accounts, in several processes if there are many. Returns how many."""
    parts = [account_ids[start : start + AT_A_TIME] for start in range(0, len(account_ids), AT_A_TIME)]
    if len(account_ids) <= ALONE or processes == 1:
        return sum(write_pages(folder, Answers.ask(marts, part, night.since), night) for part in parts)
    pool = ProcessPoolExecutor(
        max_workers=min(processes or os.cpu_count() or 1, len(parts)),
        mp_context=multiprocessing.get_context("spawn"),  # a fork would take DuckDB's threads for its own
        initializer=_end_with_parent,
    )
    try:
        futures = [pool.submit(_write_part, marts.place, folder, part, night) for part in parts]
        return sum(future.result() for future in as_completed(futures))
    finally:
        pool.shutdown(cancel_futures=True)


def _write_part(place: Path | Lake, folder: Path, account_ids: list[str], night: Night) -> int:
    """The work of another process: the pages of some accounts, all of the night that the book is of."""
    with Marts(place).one_night() as marts:
        row = marts.ask("published_night", nights=NIGHTS).row()
        published_at: datetime = night.row["published_at"]
        if row is None or row["published_at"] != published_at:
            raise ReportFailed(f"{place} was published anew while a report was made of it; make it again")
        return write_pages(folder, Answers.ask(marts, account_ids, night.since), night)


def _end_with_parent() -> None:
    """A process of the pool leaves Ctrl-C to its parent, and ends when that is gone, however it went."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
