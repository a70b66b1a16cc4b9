"""Turns Ctrl-C and SIGTERM into a request to stop, for as long as there is something that can end cleanly."""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


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
