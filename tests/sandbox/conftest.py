"""Fixtures of the sandbox tests: one shared server for reading, a fresh one for whatever changes it.

This folder must not become a package: `tests/sandbox/__init__.py` would hide the real `sandbox`.
"""

from collections.abc import Iterator

import pytest
from helpers.contract import Api
from helpers.faulty import running

from sandbox.server import Options


@pytest.fixture(scope="session")
def api() -> Iterator[Api]:
    """Shared, for tests that only read: 26 accounts, so that every role comes twice."""
    with running(Options(accounts=26, rate_limit=0)) as operator:
        yield Api(operator)


@pytest.fixture
def fresh() -> Iterator[Api]:
    """One's own, for tests that move the clock, set faults or change the world."""
    with running(Options(accounts=12, rate_limit=0)) as operator:
        yield Api(operator)
