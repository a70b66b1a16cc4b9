"""Fixtures of the fault tests: a small world of one's own, and what an undisturbed night of it leaves behind."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from helpers.faulty import running
from helpers.house import House, Truth

from sandbox.server import Options


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Eight accounts, no rate limit, an empty data folder."""
    with running(Options(accounts=8, rate_limit=0)) as sandbox:
        yield House(sandbox, tmp_path / "data")


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Truth]:
    """The truth of a first night without any fault, per surface and number of accounts."""

    @cache
    def night(surface: str = "accounts", accounts: int = 8) -> Truth:
        with running(Options(accounts=accounts, rate_limit=0)) as sandbox:
            house = House(sandbox, tmp_path_factory.mktemp("undisturbed"), surface=surface)
            assert not house.sync().failures
            truth = house.truth()
        assert Counter(truth["positions"]), "an empty truth would agree with anything"
        return truth

    return night
