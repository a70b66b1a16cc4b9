"""Ctrl-C and SIGTERM: a request to stop where something can end cleanly, else a note of which of the two it was."""

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_BOTH = (signal.SIGINT, signal.SIGTERM)


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
    loop = asyncio.get_running_loop()
    before, noted_by = {number: signal.getsignal(number) for number in _BOTH}, signal.set_wakeup_fd(-1)
    for number in _BOTH:
        loop.add_signal_handler(number, stop, number)
    try:
        yield received
    finally:
        for number in _BOTH:
            loop.remove_signal_handler(number)
            signal.signal(number, before[number])
        signal.set_wakeup_fd(noted_by)


@contextmanager
def noting() -> Iterator[Callable[[], signal.Signals | None]]:
    """Note which signal comes, whoever handles it: Dagster takes both for a Ctrl-C. Gives, once, the last that came."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    reader, writer = socket.socketpair()
    with reader, writer:
        reader.setblocking(False)
        writer.setblocking(False)
        before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        try:
            yield lambda: _last_of(reader)
        finally:
            signal.set_wakeup_fd(before)


def _last_of(reader: socket.socket) -> signal.Signals | None:
    try:
        numbers = reader.recv(4096)
    except BlockingIOError:
        return None
    return next((signal.Signals(number) for number in reversed(numbers) if number in _BOTH), None)
