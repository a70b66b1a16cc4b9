"""One built warehouse with hand-made nights for the whole session: most tests only read it."""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from filelock import FileLock
from helpers.sql_warehouse import Dbt, Night, create_raw

OPENED = date(2026, 3, 2)


@pytest.fixture(scope="session")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    """dbt with a target folder of its own."""
    return Dbt(tmp_path_factory.mktemp("target"))


@pytest.fixture(scope="session")
def warehouse(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three nights, built one by one: on the third, the second's P&L is restated and a late policy version appears,
    which does not name gold any more.

    Built once for all of pytest's processes, and only to be read.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    path = shared / "sql" / "warehouse.duckdb"
    with FileLock(shared / "sql.lock"):
        if not path.exists():
            building = tmp_path_factory.mktemp("building") / "warehouse.duckdb"
            create_raw(building)
            dbt.build(building)  # the empty night comes first: every model has to stand it
            for night in (_first(), _second(), _third()):
                night.load(building)
                dbt.build(building)
            building.parent.rename(path.parent)
    return path


@pytest.fixture(scope="session")
def workbench(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the built warehouse that dbt may open."""
    return Path(shutil.copy(warehouse, tmp_path_factory.mktemp("workbench")))


@pytest.fixture(scope="session")
def instant() -> Callable[[date], datetime]:
    """Noon after a night: what that night brought is known, the next is not."""
    return lambda night: datetime(night.year, night.month, night.day + 1, 12, tzinfo=UTC)


def _first() -> Night:
    night = Night(date(2026, 3, 2), "1.5")
    night.ask("accounts", accounts=[{"account_id": "a", "currency": "USD", "opened_on": OPENED, "status": "ACTIVE"}])
    night.ask(
        "positions",
        "a",
        positions=[
            {"position_id": "p1", "symbol": "VTI", "currency": "USD", "quantity": "9" * 19, "current_price": "9" * 19,
             "market_value": "9" * 29, "total_cost_basis": "-" + "9" * 29, "unrealized_pl": "9" * 29},
            {"position_id": "p2", "symbol": "BND", "currency": "USD", "quantity": "10.5", "average_cost_basis": "175.50",
             "current_price": "180", "market_value": "1890.02", "total_cost_basis": "1842.75", "unrealized_pl": "47.27"},
        ],
    )  # fmt: skip
    bands = {"equities": ("40", "50", "60"), "bonds": ("40", "50", "60"), "gold": ("0", "0", "10")}
    night.policy("a", 1, date(2026, 1, 1), bands)
    night.drift("a", "p", {"equities": ("50", "58"), "bonds": ("50", "42")}, needs_rebalancing=True)
    night.pnl("a", OPENED, night.as_of, total_pnl="10", realized_pnl="4", unrealized_pnl="6")
    return night


def _second() -> Night:
    night = Night(date(2026, 3, 3), "2.5")
    night.ask("accounts", accounts=[{"account_id": "a", "currency": "USD", "opened_on": OPENED, "status": "ACTIVE"}])
    night.ask("positions", "a", positions=[])
    night.drift("a", "p", {"equities": ("50", "58"), "bonds": ("50", "42")}, needs_rebalancing=True)
    night.pnl("a", OPENED, night.as_of, total_pnl="25", realized_pnl="4", unrealized_pnl="21")
    return night


def _third() -> Night:
    night = Night(date(2026, 3, 4), "3.5")
    night.ask("accounts", accounts=[{"account_id": "a", "currency": "USD", "opened_on": OPENED, "status": "ACTIVE"}])
    night.policy("a", 2, date(2026, 3, 3), {"equities": ("45", "50", "55"), "bonds": ("45", "50", "55")})
    night.pnl("a", OPENED, night.as_of, total_pnl="30", realized_pnl="4", unrealized_pnl="26")
    night.pnl("a", OPENED, date(2026, 3, 3), total_pnl="22", realized_pnl="4", unrealized_pnl="18")
    return night
