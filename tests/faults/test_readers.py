"""Readers of bi.duckdb while nights are published: whole nights, one after the other, and never an error.

Each reader is a process of its own that connects, counts what the manifest promises, and connects again. Other DuckDB
versions read along when BLUUM_TEST_DUCKDBS names folders, separated by colons, that `pip install --target` filled with one.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.readers import Readers, make_marts, settings_for

from pipelines.destination.publish import publish

FOLDERS = [folder for folder in os.environ.get("BLUUM_TEST_DUCKDBS", "").split(":") if folder]
NIGHTS = 12

# A publish in a process of its own that stops where it is told to, says so, and waits to be killed.
STOPPED = """
import os, sys, time
from pathlib import Path
from pipelines.destination import publish as publishing
from helpers.readers import settings_for

def stop(*arguments, **named):
    print("stopped", flush=True)
    time.sleep(600)

places = {"copy": (publishing, "write_manifest"), "flush": (publishing, "flush"), "swap": (os, "replace")}
owner, name = places[sys.argv[2]]
setattr(owner, name, stop)
publishing.publish(settings_for(Path(sys.argv[1])), "killed")
"""
# A publish on a disk that is full after so many bytes.
FULL = """
import resource, signal, sys
from pathlib import Path
from pipelines.destination.publish import publish
from helpers.readers import settings_for
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
publish(settings_for(Path(sys.argv[1])), "full")
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a first night published."""
    make_marts(tmp_path, night=0)
    publish(settings_for(tmp_path), "night 0")
    return tmp_path


def _python(program: str, *arguments: str) -> "subprocess.Popen[str]":
    path = os.pathsep.join([str(Path(__file__).parents[1]), str(Path(__file__).parents[2])])
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _versions() -> Iterator[object]:
    yield pytest.param(None, id="ours")
    for folder in FOLDERS:
        yield pytest.param(folder, id=Path(folder).name)
    if not FOLDERS:
        reason = "set BLUUM_TEST_DUCKDBS to folders filled by `pip install --target FOLDER duckdb==1.1.3` and the like"
        yield pytest.param("", id="others", marks=pytest.mark.skip(reason=reason))


@pytest.mark.parametrize("folder", list(_versions()))
def test_readers_see_whole_nights_while_others_are_published(data: Path, folder: str | None) -> None:
    with Readers(data / "bi.duckdb", count=3, folder=folder) as readers:
        for night in range(1, NIGHTS):
            make_marts(data, night)
            publish(settings_for(data), f"night {night}")
            readers.wait_for_another_look()

    assert readers.complaints == []
    assert len(readers.nights_seen) > 1, "they read while it changed"


def test_a_reader_keeps_the_night_it_opened(data: Path) -> None:
    with Readers(data / "bi.duckdb", count=1, keep_open=True) as readers:
        make_marts(data, night=1)
        publish(settings_for(data), "night 1")
        readers.wait_for_another_look()

    assert readers.complaints == []
    assert readers.nights_seen == {"night 0"}


@pytest.mark.parametrize("where", ["copy", "flush", "swap"])
def test_a_killed_publish_leaves_the_old_file_as_it_was(data: Path, where: str) -> None:
    before = (data / "bi.duckdb").read_bytes()
    make_marts(data, night=1)
    publisher = _python(STOPPED, str(data), where)
    assert publisher.stdout is not None
    assert publisher.stdout.readline() == "stopped\n"

    publisher.kill()
    publisher.communicate()

    assert (data / "bi.duckdb").read_bytes() == before
    assert (data / "bi.duckdb.building").exists(), "it was in the middle of it"

    publish(settings_for(data), "night 1")
    assert not (data / "bi.duckdb.building").exists()
    with Readers(data / "bi.duckdb", count=1) as readers:
        readers.wait_for_another_look()
    assert readers.complaints == []
    assert readers.nights_seen == {"night 1"}


@pytest.mark.parametrize("room", [1, 100_000])
def test_a_disk_that_fills_up_leaves_the_old_file_as_it_was(data: Path, room: int) -> None:
    before = (data / "bi.duckdb").read_bytes()
    make_marts(data, night=1)

    publisher = _python(FULL, str(data), str(room))
    _, said = publisher.communicate(timeout=60)

    assert publisher.returncode != 0, said
    assert (data / "bi.duckdb").read_bytes() == before
    publish(settings_for(data), "night 1")
