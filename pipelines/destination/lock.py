"""One writer at a time: the lock on a data folder, and who holds it.

The operating system frees the lock when its process dies, however it dies, so a lock is never left behind; the text beside
it only tells a person who holds it now.
"""

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from pipelines.errors import BluumError, WarehouseUnusable


class Locked(BluumError):
    """Another process writes to the data folder."""


@contextmanager
def writing(data_dir: Path, purpose: str) -> Iterator[None]:
    """Hold the data folder for writing; may be entered again by the process that holds it.

    Raises Locked, naming the holder, and WarehouseUnusable if the folder cannot be written.
    """
    folder = data_dir.resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(folder / "writer.lock", timeout=0, is_singleton=True, thread_local=False, mode=0o600)
        lock.acquire()
    except Timeout:
        raise Locked(f"{holder(folder)} is writing to {folder}; nothing was done") from None
    except OSError as error:
        raise WarehouseUnusable(f"the data folder {folder} cannot be written: {error.strerror or error}") from error
    try:
        if lock.lock_counter == 1:
            _note(folder).write_text(json.dumps(_self(purpose)))
        yield
    finally:
        if lock.lock_counter == 1:
            _note(folder).unlink(missing_ok=True)
        lock.release()


def is_held(data_dir: Path) -> bool:
    """Whether a living process has noted that it is writing. Takes no lock: nobody who wants to write is kept from it."""
    note = _read_note(data_dir)
    if note is None:
        return False
    try:
        if note["host"] == socket.gethostname():
            os.kill(note["pid"], 0)
    except PermissionError:
        return True  # alive, and somebody else's
    except OSError:
        return False
    return True


def holder(folder: Path) -> str:
    """Who holds the lock of a data folder, for a message."""
    note = _read_note(folder)
    if note is None:
        return "another process"  # it is between taking the lock and writing the note
    return f"`{note['purpose']}` (process {note['pid']} on {note['host']}, since {note['since']})"


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
