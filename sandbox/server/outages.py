"""Trouble that a story brings with it: an account, or a share of all requests, that gets an error instead of an answer.

An outage is drawn from the seed, the request and how often that very request came, so that concurrency cannot change the
draw, and a retry gets a new one. Faults that break bytes or connections are the tests' (tests/helpers/faulty).
"""

from collections import Counter
from collections.abc import Iterable

from sandbox.server.answers import ApiError
from sandbox.world.exact import digest
from sandbox.world.story import Outage

_SCALE = 10**12
_CODES = {429: "BLUM-429-001", 500: "BLUM-500-001", 503: "BLUM-500-017"}


class Outages:
    def __init__(self, seed: str) -> None:
        self._seed = seed
        self.set(())

    def set(self, outages: Iterable[Outage]) -> None:
        self.now = tuple(outages)
        self._asked: Counter[str] = Counter()

    def of(self, account_ids: tuple[str, ...], target: str) -> ApiError | None:
        """What happens to a request (its path and query) about the account of these ids; None: it is answered."""
        if not self.now:
            return None
        self._asked[target] += 1
        for place, outage in enumerate(self.now):
            draw = digest(self._seed, "outage", place, target, self._asked[target]) % _SCALE
            if (outage.account is None or outage.account in account_ids) and draw < outage.rate * _SCALE:
                return ApiError(outage.status, _CODES[outage.status], "out of order")
        return None
