"""What the tests of what people open have in common."""

from collections.abc import Iterator

import pytest
from helpers.browser import Browser, chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests of a module, and no longer: see `chromium`."""
    with chromium() as one:
        yield one
