"""What Linux says of processes, and one that is in the way."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipelines.destination.lock import is_held


def children(pid: int) -> list[int]:
    """The processes below this one, as far as they still live."""
    own: list[int] = []
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            own.extend(int(child) for child in (thread / "children").read_text().split())
    return [*own, *(grandchild for child in own for grandchild in children(child))]


@contextmanager
def held_elsewhere(folder: Path) -> Iterator[None]:
    """A data folder that another process writes to, until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen(["flock", folder / "writer.lock", "cat"], stdin=subprocess.PIPE) as other:
        while not is_held(folder):
            assert other.poll() is None
        try:
            yield
        finally:
            assert other.stdin
            other.stdin.close()
