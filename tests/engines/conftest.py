"""One hostile history for all homes, and what DuckDB makes of it: before its last builds, and with them.

The last builds bring a new night, reports of nights before it, and changed policies: they are what an incremental build
has to look back for.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from helpers.engines.compare import Tables, marts
from helpers.engines.postgres import serving
from helpers.engines.strange import strange_nights
from helpers.sql_history import History
from helpers.sql_warehouse import Dbt, create_raw, rows

SEED, NIGHTS, ACCOUNTS, LATE = 3, 7, 9, 2
"""A world that has had every event; its last LATE builds come late."""


@dataclass(frozen=True)
class Said:
    """A warehouse file and all that its marts and audit tables say."""

    warehouse: Path
    marts: Tables


@pytest.fixture(scope="session")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    """What builds the warehouse that all homes are compared with."""
    return Dbt(tmp_path_factory.mktemp("target"))


@pytest.fixture(scope="session")
def early(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Said:
    """All loads but those of the last builds, built at once."""
    warehouse = tmp_path_factory.mktemp("early") / "warehouse.duckdb"
    create_raw(warehouse)
    for night in [*(night for build in _builds()[:-LATE] for night in build), *strange_nights()[:2]]:
        night.load(warehouse)
    dbt.run(warehouse)
    return Said(warehouse, marts(warehouse))


@pytest.fixture(scope="session")
def late(dbt: Dbt, early: Said, tmp_path_factory: pytest.TempPathFactory) -> Said:
    """All loads, computed whole."""
    warehouse = Path(shutil.copy(early.warehouse, tmp_path_factory.mktemp("late")))
    for night in [*(night for build in _builds()[-LATE:] for night in build), *strange_nights()[2:]]:
        night.load(warehouse)
    past = "select count(*) from raw.pnl_reports where end_date < as_of_date and _dlt_load_id not in "
    assert rows(warehouse, past + "(select load_id from builds.built_loads)") > [(0,)], (
        "the late builds say nothing of the past"
    )
    dbt.run(warehouse, "--full-refresh")
    return Said(warehouse, marts(warehouse))


@pytest.fixture(scope="session")
def server() -> Iterator[Any]:
    with serving() as running:
        yield running


def _builds() -> list[list[Any]]:
    return list(History(SEED, NIGHTS, ACCOUNTS))
