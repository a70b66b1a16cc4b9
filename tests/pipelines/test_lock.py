"""One writer at a time: who is let in, who is turned away, and what is said of it. The other writer is another process."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipelines.destination.lock import holder, holding, is_held
from pipelines.errors import Locked, WarehouseUnusable

HOLD = """
import sys
from pathlib import Path
from pipelines.destination.lock import holding
with holding(Path(sys.argv[1]), "another program"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_writer(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that holds the folder until the block ends."""
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        assert process.stdin is not None
        process.stdin.close()


def note(folder: Path, **changed: object) -> None:
    """What a writer that was killed has left behind."""
    left = {"purpose": "a dead one", "pid": os.getpid(), "host": socket.gethostname(), "since": "s", **changed}
    (folder / "writer.json").write_text(json.dumps(left))


def test_a_writer_makes_the_folder_and_leaves_no_note(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "acme"
    assert not is_held(folder)
    with holding(folder, "a test"):
        assert is_held(folder)
        assert f"`a test` (process {os.getpid()} on {socket.gethostname()}, since 2" in holder(folder)
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "writer.lock").stat().st_mode & 0o077 == 0
    assert not is_held(folder)
    assert not (folder / "writer.json").exists()


def test_the_process_that_holds_the_folder_may_enter_again(tmp_path: Path) -> None:
    with holding(tmp_path, "outer"):
        with holding(tmp_path / ".." / tmp_path.name, "inner"):
            assert "`outer`" in holder(tmp_path)
        assert is_held(tmp_path)
        assert "`outer`" in holder(tmp_path)
    assert not is_held(tmp_path)


def test_the_folder_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), holding(tmp_path, "a test"):
        raise RuntimeError
    assert not is_held(tmp_path)
    assert not (tmp_path / "writer.json").exists()


def test_a_second_writer_is_turned_away_by_one_line_that_names_the_first(tmp_path: Path) -> None:
    with another_writer(tmp_path) as other:
        assert is_held(tmp_path)
        with pytest.raises(Locked) as raised, holding(tmp_path, "a test"):
            pass
        assert f"`another program` (process {other.pid} on {socket.gethostname()}, since 2" in str(raised.value)
        assert str(raised.value).endswith(f"is writing to {tmp_path}; nothing was done")
        assert "`another program`" in holder(tmp_path)  # whoever was turned away has left its note alone
    assert not is_held(tmp_path)


def test_two_folders_have_a_writer_each(tmp_path: Path) -> None:
    with another_writer(tmp_path / "one"), holding(tmp_path / "two", "a test"):
        assert is_held(tmp_path / "one")
        assert is_held(tmp_path / "two")


def test_a_killed_writer_holds_nothing_whatever_its_note_says(tmp_path: Path) -> None:
    with another_writer(tmp_path) as other:
        other.send_signal(signal.SIGKILL)
        other.wait()
    assert (tmp_path / "writer.json").exists()
    assert not is_held(tmp_path)
    with holding(tmp_path, "a test"):
        assert "`a test`" in holder(tmp_path)


@pytest.mark.parametrize(
    "left",
    [
        {"host": "a-container-that-is-gone"},
        {},  # the number of a process of this host that lives, but is another one by now
    ],
)
def test_a_note_alone_holds_nothing(tmp_path: Path, left: dict[str, object]) -> None:
    with holding(tmp_path, "a test"):
        pass
    note(tmp_path, **left)
    assert not is_held(tmp_path)


def test_a_writer_of_another_host_name_is_seen_by_its_lock(tmp_path: Path) -> None:
    with another_writer(tmp_path):
        note(tmp_path, host="the-other-container", pid=1)
        assert is_held(tmp_path)
        assert "process 1 on the-other-container" in holder(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", "no json", '{"purpose": "p", "pid": "1", "host": "h", "since": "s"}'])
def test_a_note_that_cannot_be_read_names_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / "writer.json").write_text(text)
    assert holder(tmp_path) == "another process"
    with holding(tmp_path, "a test"):
        assert "`a test`" in holder(tmp_path)


def test_whoever_looks_keeps_nobody_from_holding(tmp_path: Path) -> None:
    """Somebody looks without a pause, and a writer that comes and goes is let in every time."""
    with holding(tmp_path, "a test"):
        pass
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            is_held(tmp_path)

    looker = threading.Thread(target=look)
    looker.start()
    try:
        for _ in range(50):
            with holding(tmp_path, "a test"):
                assert is_held(tmp_path)
    finally:
        done.set()
        looker.join()


def test_looking_needs_no_right_to_write_and_changes_nothing(tmp_path: Path) -> None:
    with holding(tmp_path, "a test"):
        pass
    (tmp_path / "writer.lock").chmod(0o400)
    before = (tmp_path / "writer.lock").stat()
    assert not is_held(tmp_path)
    assert (tmp_path / "writer.lock").stat() == before
    assert not is_held(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with (
        pytest.raises(WarehouseUnusable, match=r"the data folder .*file/data cannot be written"),
        holding(tmp_path / "file" / "data", "a test"),
    ):
        pass


def test_a_folder_that_has_become_full_or_read_only_is_one_clear_line(tmp_path: Path) -> None:
    with holding(tmp_path, "a test"):
        pass
    (tmp_path / "writer.json").mkdir()  # what cannot be written is the note: the lock's own file is there
    with (
        pytest.raises(WarehouseUnusable, match=r"the data folder .* cannot be written: Is a directory"),
        holding(tmp_path, "a test"),
    ):
        pass
    assert not is_held(tmp_path)


def test_a_folder_that_becomes_read_only_meanwhile_does_not_hide_what_went_wrong(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="the disk is full"), holding(tmp_path, "a test"):
        _fail_when_the_note_cannot_be_deleted(tmp_path)
    assert not is_held(tmp_path)


def _fail_when_the_note_cannot_be_deleted(folder: Path) -> None:
    (folder / "writer.json").unlink()
    (folder / "writer.json").mkdir()
    raise RuntimeError("the disk is full")
