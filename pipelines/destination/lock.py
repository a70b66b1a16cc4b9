"""One writer at a time: the lock on a data folder, and who holds it. That of a lake, beside it, is `lake_lock.py`.

writer.lock  held by the operating system for as long as the writer lives: this alone says whether somebody writes
writer.json  what the writer says of itself, for a message; it may outlive a writer that was killed
"""

import fcntl
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from pipelines.destination.lake_lock import holding_lake, lake_holder
from pipelines.errors import Locked, WarehouseUnusable
from pipelines.settings import Settings

PATIENCE = 1.0
"""Seconds for which a writer tries to get the lock, so that somebody who only looks (`is_held`) is never in its way."""


@contextmanager
def writing(settings: Settings, purpose: str) -> Iterator[None]:
    """Hold a profile's data folder, and its lake if it has one. Raises as `holding` and `holding_lake`."""
    with holding(settings.folder, purpose):
        if settings.lake is None:
            yield
            return
        with holding_lake(settings.lake, purpose):
            yield


@contextmanager
def holding(data_dir: Path, purpose: str) -> Iterator[None]:
    """Hold the data folder for writing; may be entered again by the process that holds it. Makes the folder if need be.

    `purpose` is the command that writes, for the message to another one. Raises Locked, naming the holder, and
    WarehouseUnusable if the folder cannot be written.
    """
    folder = data_dir.resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(folder / "writer.lock", timeout=PATIENCE, is_singleton=True, thread_local=False, mode=0o600)
        lock.acquire()
    except Timeout:
        raise Locked(f"{holder(folder)} is writing to {folder}; nothing was done") from None
    except OSError as error:
        raise _unusable(folder, error) from error
    try:
        if lock.lock_counter == 1:
            _write_note(folder, purpose)
        yield
    finally:
        if lock.lock_counter == 1:
            with suppress(OSError):  # it holds nothing, and must not hide what went wrong
                _note(folder).unlink(missing_ok=True)
        lock.release()


def who_writes(settings: Settings) -> str | None:
    """Who writes to a profile's data folder or lake now; None if nobody does. Raises as `is_held` and `lake_holder`."""
    if is_held(settings.folder):
        return holder(settings.folder)
    return lake_holder(settings.lake) if settings.lake else None


def is_held(data_dir: Path) -> bool:
    """Whether somebody writes to the data folder now. Asks the lock and not the note, so a killed writer misleads nobody.

    Raises WarehouseUnusable if the lock file is there and cannot be opened.
    """
    try:
        with (data_dir / "writer.lock").open("rb") as file:
            # A shared lock, for a moment: those who look do not hinder each other, and a writer tries for longer than that.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # what filelock takes, too; closing the file gives it back
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    except OSError as error:
        raise WarehouseUnusable(f"{data_dir / 'writer.lock'} cannot be read: {error.strerror or error}") from error
    return False


def holder(folder: Path) -> str:
    """Who holds the lock of a data folder, for a message."""
    note = _read_note(folder)
    if note is None:
        return "another process"  # it is between taking the lock and writing the note
    return f"`{note['purpose']}` (process {note['pid']} on {note['host']}, since {note['since']})"


def _write_note(folder: Path, purpose: str) -> None:
    try:
        _note(folder).write_text(json.dumps(_self(purpose)))
    except OSError as error:
        raise _unusable(folder, error) from error


def _unusable(folder: Path, error: OSError) -> WarehouseUnusable:
    return WarehouseUnusable(f"the data folder {folder} cannot be written: {error.strerror or error}")


def _read_note(folder: Path) -> dict[str, Any] | None:
    """What the writer has noted of itself; None where there is no note, or one that is not ours."""
    try:
        note = json.loads(_note(folder).read_text())
    except (OSError, ValueError):
        return None
    is_ours = isinstance(note, dict) and {"purpose", "pid", "host", "since"} <= note.keys() and isinstance(note["pid"], int)
    return note if is_ours else None


def _note(folder: Path) -> Path:
    return folder / "writer.json"


def _self(purpose: str) -> dict[str, object]:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return {
        "purpose": purpose,
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": since,
        "python": sys.version.split()[0],
    }
