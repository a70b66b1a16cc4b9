"""The same models say the same, digit for digit, on other engines: every mart and every audit table, whatever the history.

Each home takes the raw rows through the dlt source, builds all models, then what came late on top of what it has.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from engines.conftest import Said
from helpers.engines.compare import differences
from helpers.engines.home import Home
from helpers.engines.postgres import Postgres


def _says_the_same(home: Home, early: Said, late: Said) -> None:
    """Build a history in a home as it comes, and compare twice."""
    home.load(early.warehouse)
    home.build()
    assert differences(early.marts, home.tables(early.marts)) == {}

    home.load(late.warehouse)
    home.build()
    assert differences(late.marts, home.tables(late.marts)) == {}


@pytest.mark.skipif(
    find_spec("dbt.adapters.postgres") is None, reason="dbt-postgres is not installed: `make test-engines` does"
)
def test_postgres_says_what_duckdb_says(server: Any, early: Said, late: Said, tmp_path: Path) -> None:
    _says_the_same(Postgres(tmp_path, server), early, late)
