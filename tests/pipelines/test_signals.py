"""Real signals to this very process: what is set, what is noted, and that everything is as it was afterwards."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from pipelines.night.signals import noting, stopping

BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])


@contextmanager
def ignored(*numbers: signal.Signals) -> Iterator[list[int]]:
    """Somebody else's handlers, which take note and do nothing: no signal of a test ends pytest."""
    taken: list[int] = []
    before = {number: signal.signal(number, lambda number, frame: taken.append(number)) for number in numbers}
    try:
        yield taken
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def elsewhere(work: Callable[[], object]) -> object:
    """The result of something done in another thread."""
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    thread.join()
    return results[0]


@BOTH
def test_a_signal_sets_the_event_and_is_listed(number: signal.Signals) -> None:
    async def work() -> list[signal.Signals]:
        event = asyncio.Event()
        with stopping(event) as received:
            os.kill(os.getpid(), number)
            await asyncio.wait_for(event.wait(), 5)
        return received

    with ignored(number) as others:
        assert asyncio.run(work()) == [number]
        assert others == [], "it was for whoever stops the work"


def test_the_first_of_two_signals_is_first_in_the_list() -> None:
    async def work() -> list[signal.Signals]:
        with stopping(asyncio.Event()) as received:
            for number in (signal.SIGTERM, signal.SIGINT):
                os.kill(os.getpid(), number)
                while number not in received:
                    await asyncio.sleep(0)
        return received

    assert asyncio.run(asyncio.wait_for(work(), 5)) == [signal.SIGTERM, signal.SIGINT]


@BOTH
def test_before_and_after_signals_do_what_they_did(number: signal.Signals) -> None:
    async def work() -> None:
        with stopping(asyncio.Event()):
            pass
        os.kill(os.getpid(), number)

    with ignored(signal.SIGINT, signal.SIGTERM) as others:
        handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
        asyncio.run(work())
        assert others == [number]
        assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == handlers


def test_an_error_inside_gives_the_signals_back_as_well() -> None:
    async def work() -> None:
        with stopping(asyncio.Event()):
            raise ValueError("in the middle of it")

    with ignored(signal.SIGTERM):
        handler = signal.getsignal(signal.SIGTERM)
        with pytest.raises(ValueError, match="in the middle"):
            asyncio.run(work())
        assert signal.getsignal(signal.SIGTERM) == handler


def test_whoever_noted_signals_before_notes_them_again_afterwards() -> None:
    async def work() -> None:
        event = asyncio.Event()
        with stopping(event):
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.wait_for(event.wait(), 5)

    with ignored(signal.SIGTERM), noting() as last:
        asyncio.run(work())
        last()
        os.kill(os.getpid(), signal.SIGTERM)
        assert last() == signal.SIGTERM


def test_in_another_thread_nothing_is_touched() -> None:
    async def work() -> list[signal.Signals]:
        with stopping(asyncio.Event()) as received:
            return received

    def note() -> signal.Signals | None:
        with noting() as last:
            return last()

    before = signal.getsignal(signal.SIGTERM)
    assert elsewhere(lambda: asyncio.run(work())) == []
    assert elsewhere(note) is None
    assert signal.getsignal(signal.SIGTERM) == before


@BOTH
def test_a_note_says_which_signal_came_whoever_handles_it(number: signal.Signals) -> None:
    with ignored(number) as others, noting() as last:
        assert last() is None
        os.kill(os.getpid(), number)
        assert others == [number], "its handler ran as well"
        assert last() == number
        assert last() is None, "it is told once"


def test_of_several_the_last_one_counts_and_others_do_not() -> None:
    with ignored(signal.SIGINT, signal.SIGTERM, signal.SIGUSR1), noting() as last:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
            os.kill(os.getpid(), number)
        assert last() == signal.SIGTERM


def test_after_noting_the_older_note_taker_is_back() -> None:
    with ignored(signal.SIGTERM), noting() as outer:
        with noting() as inner:
            os.kill(os.getpid(), signal.SIGTERM)
            assert inner() == signal.SIGTERM
        assert outer() is None
        os.kill(os.getpid(), signal.SIGTERM)
        assert outer() == signal.SIGTERM
