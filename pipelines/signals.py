"""Ctrl-C and SIGTERM: a request to stop where something can end cleanly, else a note of which of the two it was."""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stopping(event: asyncio.Event) -> Iterator[list[signal.Signals]]:
    """Set the event when one of the two comes; lists what came. Before and after, signals do what they did."""
    received: list[signal.Signals] = []

    def stop(number: signal.Signals) -> None:
        received.append(number)
        event.set()

    if threading.current_thread() is not threading.main_thread():
        yield received  # signals reach the main thread only; whoever runs this elsewhere has them
        return
    loop, numbers = asyncio.get_running_loop(), (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        loop.add_signal_handler(number, stop, number)
    try:
        yield received
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
            signal.signal(number, before[number])


@contextmanager
def noting() -> Iterator[list[signal.Signals]]:
    """List which of the two signals comes, and leave what it does to the handlers that are in force."""
    received: list[signal.Signals] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, frame: FrameType | None) -> None:
        received.append(signal.Signals(number))
        if callable(handler := before[signal.Signals(number)]):
            handler(number, frame)

    for number in before:
        signal.signal(number, note)
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
