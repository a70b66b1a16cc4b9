"""What goes wrong between a sync and its lake: each is one clear line, nothing is lost, and the next start finishes."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from helpers.faulty import running
from helpers.house import House, Truth
from helpers.lakes import kill, start, stop

from sandbox.server import Options


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    """What a night without any fault leaves in a file."""
    with running(Options(accounts=8, rate_limit=0)) as sandbox:
        house = House(sandbox, tmp_path_factory.mktemp("undisturbed"))
        assert not house.sync().failures
        return house.truth()


def test_a_night_in_a_lake_is_the_night_in_a_file(house: House, undisturbed: Truth) -> None:
    assert house.sync().failures == []
    assert house.truth() == undisturbed


@pytest.mark.parametrize("ended", [stop, kill])
def test_a_catalog_that_goes_away_while_asking_and_comes_back_costs_the_night_nothing(
    house: House, undisturbed: Truth, server: Any, ended: Callable[[Any], None]
) -> None:
    away = threading.Thread(target=_away, args=(house, server, ended))
    away.start()
    progress = house.sync()
    away.join()

    assert progress.failures == []
    assert house.truth() == undisturbed
    assert max(house.asked().count(request) for request in house.asked()) == 1, "nothing was asked twice"


def _away(house: House, server: Any, ended: Callable[[Any], None]) -> None:
    while house.sandbox.requests.total < 5:
        time.sleep(0.01)
    ended(server)
    while house.sandbox.requests.total < 40:
        time.sleep(0.01)
    start(server)
