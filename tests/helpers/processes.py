"""What Linux says of processes."""

from contextlib import suppress
from pathlib import Path


def children(pid: int) -> list[int]:
    """The processes below this one, as far as they still live."""
    own: list[int] = []
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            own.extend(int(child) for child in (thread / "children").read_text().split())
    return [*own, *(grandchild for child in own for grandchild in children(child))]
