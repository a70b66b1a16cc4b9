"""The pace against a server that counts: a sliding second, ways there and back of any length, others on the key pair."""

import asyncio
import random
from dataclasses import dataclass, field

import pytest
from helpers.virtual_time import run
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.api.pacer import CLIMB_SECONDS, SHARE, Pacer
from sandbox.server.limits import RateLimit


@dataclass
class Server:
    """Admits so many requests in any second, some milliseconds away from whoever sends them."""

    limit: int
    way: tuple[float, float]  # seconds one way, from and to
    random: random.Random
    effort: float = 0.0  # seconds of work for a request; one after the other
    refused: int = 0
    admitted: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.worker = asyncio.Lock()
        self.counter = RateLimit(self.limit, lambda: asyncio.get_running_loop().time())

    def admits(self, key: str = "ours") -> bool:
        return self.counter.admit(key)

    async def ask(self, pacer: Pacer) -> bool:
        """One request, as the client sends it. Returns whether it was admitted."""
        async with pacer.place() as place:
            await asyncio.sleep(self.random.uniform(*self.way))
            is_admitted = self.admits()
            if is_admitted:
                self.admitted.append(asyncio.get_running_loop().time())
                async with self.worker:
                    await asyncio.sleep(self.effort)
            await asyncio.sleep(self.random.uniform(*self.way))
            place.is_answered = True
        if not is_admitted:
            self.refused += 1
            pacer.pause(1.0)
        return is_admitted


def paced(rate: float) -> Pacer:
    return Pacer(rate, monotonic=asyncio.get_running_loop().time)


async def ask_all(server: Server, pacer: Pacer, requests: int) -> float:
    """Ask so many, as many at once as may be. Returns the seconds from the first request to the last answer."""
    begun = asyncio.get_running_loop().time()
    await asyncio.gather(*(server.ask(pacer) for _ in range(requests)))
    return asyncio.get_running_loop().time() - begun


@pytest.mark.parametrize("limit", [10, 25])
@pytest.mark.parametrize(("shortest", "longest"), [(0.0, 0.0), (0.0002, 0.002), (0.010, 0.030), (0.100, 0.110)])
def test_nearly_all_of_the_limit_is_used_and_no_request_is_refused(limit: int, shortest: float, longest: float) -> None:
    async def night() -> tuple[int, float]:
        server, requests = Server(limit, (shortest, longest), random.Random(1)), limit * 200
        took = await ask_all(server, paced(limit), requests)
        return server.refused, requests / took / limit

    refused, share = run(night())
    assert refused == 0
    assert share >= SHARE


def test_a_server_that_is_slow_with_the_first_of_all_requests_is_not_sent_too_many() -> None:
    async def night() -> int:
        server = Server(10, (0.001, 0.001), random.Random(1), effort=0.02)  # ten at once: the tenth waits for nine
        pacer = paced(10)
        await asyncio.gather(*(server.ask(pacer) for _ in range(10)))
        server.effort = 0.0
        await asyncio.gather(*(server.ask(pacer) for _ in range(200)))
        return server.refused

    assert run(night()) == 0


@given(st.integers(1, 60), st.floats(0, 0.5), st.floats(0, 0.5), st.integers())
@example(25, 0.01, 0.02, 0)
def test_never_does_more_than_the_limit_arrive_in_a_second(limit: int, way: float, variation: float, seed: int) -> None:
    async def night() -> Server:
        server = Server(0, (way, way + variation), random.Random(seed))  # admits all, and remembers when
        await ask_all(server, paced(limit), 6 * limit)
        return server

    arrived = sorted(run(night()).admitted)
    closest = min((later - earlier for earlier, later in zip(arrived, arrived[limit:], strict=False)), default=1.0)
    # What was not seen cannot be known: a way that is shorter than all before it, by more than they lie apart.
    assert closest > 1.0 - variation / 4 - 1e-9


@pytest.mark.parametrize(("rate", "most_in_a_second"), [(2.5, 2), (1.0, 1), (0.5, 1)])
def test_a_limit_that_is_no_whole_number_is_not_exceeded_in_any_second(rate: float, most_in_a_second: int) -> None:
    async def night() -> tuple[int, float]:
        server = Server(most_in_a_second, (0.01, 0.01), random.Random(1))
        return server.refused, await ask_all(server, paced(rate), 20)

    refused, took = run(night())
    assert refused == 0
    assert took >= 19 / rate - 1


def test_a_request_without_an_answer_keeps_its_place_for_a_second_more() -> None:
    async def night() -> list[float]:
        pacer, sent = paced(1.0), []

        async def one() -> None:
            async with pacer.place():
                sent.append(asyncio.get_running_loop().time())
                await asyncio.sleep(30)  # given up: when it arrived, nobody knows

        await asyncio.gather(one(), one())
        return sent

    first, second = run(night())
    assert first == 0
    assert 31 <= second < 31.01


def test_somebody_else_on_the_key_pair_is_made_room_for_and_the_room_is_taken_back() -> None:
    """Another client sends 15 of the 25 for two minutes; after it is gone, all of the limit is ours again."""

    async def night() -> tuple[int, int, float]:
        server = Server(25, (0.01, 0.012), random.Random(1))
        pacer, loop = paced(25), asyncio.get_running_loop()

        async def other() -> None:
            while loop.time() < 120:
                server.admits()
                await asyncio.sleep(1 / 15)

        async def ask_until(end: float) -> None:
            while loop.time() < end:
                await server.ask(pacer)

        beside = asyncio.create_task(other())
        await asyncio.gather(*(ask_until(120) for _ in range(25)))
        await beside
        refused = server.refused
        await asyncio.gather(*(ask_until(120 + 25 * CLIMB_SECONDS) for _ in range(25)))
        return refused, server.refused - refused, await ask_all(server, pacer, 2_500)

    beside, after, seconds = run(night())
    assert 0 < beside < 200  # of some 1,200 that were sent
    assert after < 10
    assert 2_500 / seconds >= 25 * SHARE


def test_nobody_is_sent_in_a_pause_and_a_shorter_one_does_not_end_a_longer_one() -> None:
    async def night() -> list[float]:
        server, pacer = Server(0, (0.0, 0.0), random.Random(1)), paced(0)
        pacer.pause(3.0)
        pacer.pause(1.0)
        await ask_all(server, pacer, 3)
        return server.admitted

    assert run(night()) == [3.0, 3.0, 3.0]


def test_those_who_wait_in_the_queue_are_held_back_by_a_pause_too() -> None:
    async def night() -> list[float]:
        server, pacer = Server(0, (0.0, 0.0), random.Random(1)), paced(2)
        asyncio.get_running_loop().call_later(0.5, pacer.pause, 30.0)
        await ask_all(server, pacer, 3)
        return server.admitted

    first, second, third = run(night())
    assert (first, second) == (0.0, 0.0)
    assert third >= 30.5


def test_without_a_limit_nobody_waits() -> None:
    async def night() -> float:
        return await ask_all(Server(0, (0.0, 0.0), random.Random(1)), paced(0), 1_000)

    assert run(night()) == 0.0
