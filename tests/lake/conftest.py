"""A Postgres for all tests of lakes, and for each test a catalog of its own."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from helpers.engines.postgres import serving
from helpers.faulty import running
from helpers.house import House
from helpers.lakes import Catalog, start

from sandbox.server import Options

_numbers = count(1)


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with serving() as running_server:
        yield running_server


@pytest.fixture
def catalog(server: Any, tmp_path: Path) -> Catalog:
    start(server)  # a test may have left it stopped
    return Catalog(server, f"lake{next(_numbers)}", tmp_path / "files")


@pytest.fixture
def house(catalog: Catalog, tmp_path: Path) -> Iterator[House]:
    """Eight accounts, no rate limit, an empty lake."""
    with running(Options(accounts=8, rate_limit=0)) as sandbox:
        yield House(sandbox, tmp_path / "data", **catalog.given)
