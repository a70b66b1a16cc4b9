"""The history that the tests of the morning report look at: two accounts, nine sessions of which one was missed.

Written by hand and built by dbt; what a report shows of it is said in the tests.
"""

import shutil
from datetime import date, timedelta
from pathlib import Path

from helpers.sql_warehouse import Dbt, Night, create_raw
from pipelines.destination.publish import publish
from pipelines.profiles import DEFAULT
from pipelines.settings import Settings

MARKUP = '<script>alert("Core")</script> & sons'
ODD = "acc_../<b>1"
FIRST = date(2022, 3, 1)
MISSED = 3
FORGOTTEN = 5
OPENED = date(2021, 1, 4)


def settings_of(folder: Path, **values: object) -> Settings:
    settings = Settings(_env_file=None, data_dir=folder)  # type: ignore[call-arg]
    return settings.model_copy(update={"profile": DEFAULT, **values})


def night(number: int, day: date) -> Night:
    """Two accounts: one whose portfolio leaves its band while its policy forgets a class, one of which nothing is known."""
    asked = Night(day, f"load-{number}")
    account = {"status": "ACTIVE", "currency": "USD", "opened_on": OPENED, "account_number_last4": "1234"}
    asked.ask("accounts", accounts=[{**account, "account_id": ODD}, {**account, "account_id": "acc_2"}])
    for one in (ODD, "acc_2"):
        held = [{"portfolio_id": "pf_1", "name": MARKUP, "currency": "USD", "status": "active"}] if one == ODD else []
        asked.ask("positions", one)
        asked.ask("portfolios", one, portfolios=held)
    equities = 60 + number
    asked.drift(ODD, "pf_1", {"equities": ("55", f"{equities}.25"), "cash": ("45", f"{99 - equities}.75")})
    if number < FORGOTTEN:
        asked.policy(ODD, 1, OPENED, {"equities": ("45", "55", "65"), "cash": ("20", "45", "60")})
    else:
        asked.policy(ODD, 2, day_of(FORGOTTEN), {"equities": ("45", "55", "65")}, history={1: OPENED})
    asked.ask("investment_policy", "acc_2", outcome="absent")
    asked.pnl(ODD, OPENED, day, total_pnl=f"{1000 * number}.123456789")
    return asked


def day_of(number: int) -> date:
    """The n-th session from FIRST, which is a Tuesday."""
    return FIRST + timedelta(number + 2 * ((number + 1) // 5))


def play(folder: Path, dbt: Dbt) -> tuple[Path, Path]:
    """Two data folders: after the first night, and after nine sessions of which one was missed."""
    one = folder / "one"
    create_raw(folder / "warehouse.duckdb")
    night(0, FIRST).load(folder / "warehouse.duckdb")
    dbt.run(folder / "warehouse.duckdb")
    publish(settings_of(folder), "first")
    one.mkdir()
    shutil.copy(folder / "bi.duckdb", one)
    for number in range(1, 9):
        if number != MISSED:
            night(number, day_of(number)).load(folder / "warehouse.duckdb")
    dbt.run(folder / "warehouse.duckdb")
    publish(settings_of(folder), "last")
    return one, folder
