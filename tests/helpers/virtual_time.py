"""An event loop on which time passes only by being waited for: hours of pacing take moments, and always the same ones."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        super().__init__()
        self._virtual = 0.0

    def time(self) -> float:
        return self._virtual

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self._virtual = max(self._virtual, self._scheduled[0].when())
        super()._run_once()


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine; `asyncio.get_running_loop().time()` is its clock."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(main)
