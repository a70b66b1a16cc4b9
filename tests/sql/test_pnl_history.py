"""Days of P&L over nights that are asked again, filled later or withdrawn: histories played by hand."""

from datetime import date
from pathlib import Path

import pytest
from helpers.sql_warehouse import Dbt, Night, create_raw, rows

OPENED = date(2026, 1, 2)
MARTS = ("+pnl_daily", "+pnl_daily_as_of")


def day(number: int) -> date:
    return date(2026, 3, number)


def play(dbt: Dbt, path: Path, *nights: Night) -> None:
    create_raw(path)
    for night in nights:
        night.load(path)
    dbt.run(path, "--select", *MARTS)


def night(number: int, *accounts: str) -> Night:
    made = Night(day(number), f"{number}.5")
    made.ask("accounts", accounts=[{"account_id": account, "currency": "USD", "opened_on": OPENED} for account in accounts])
    return made


@pytest.mark.parametrize("mart", ["pnl_daily", "pnl_daily_as_of('2100-01-01')"])
def test_a_day_is_restated_where_one_of_its_reports_is(dbt: Dbt, tmp_path: Path, mart: str) -> None:
    """Not where a figure was unknown the night before, nor where there was no report at first.

    Both reports of `both` are corrected by -6, one of them without realized P&L: their day stays as it was. Of `told`
    realized P&L comes to be known, so its day changes.
    """
    third, fourth, ninth = (night(number, "untold", "late", "both", "told", "back") for number in (3, 4, 9))
    third.pnl("untold", OPENED, day(3), total_pnl="5")
    fourth.pnl("untold", OPENED, day(4), total_pnl="7", realized_pnl="1")

    third.pnl("late", OPENED, day(3), total_pnl="5")
    fourth.pnl("late", OPENED, day(4), outcome="absent")
    fourth.pnl("late", OPENED, day(4), total_pnl="7")

    third.pnl("both", OPENED, day(3), total_pnl="20")
    fourth.pnl("both", OPENED, day(4), total_pnl="30", realized_pnl="1")
    ninth.pnl("both", OPENED, day(3), total_pnl="14")
    ninth.pnl("both", OPENED, day(4), total_pnl="24", realized_pnl="1")

    third.pnl("told", OPENED, day(3), total_pnl="10", realized_pnl="1")
    fourth.pnl("told", OPENED, day(4), total_pnl="12")
    ninth.pnl("told", OPENED, day(4), total_pnl="12", realized_pnl="2")

    # Gone on its own night, and had again with another figure later on.
    third.pnl("back", OPENED, day(3), total_pnl="10")
    fourth.pnl("back", OPENED, day(4), total_pnl="12")
    fourth.pnl("back", OPENED, day(4), outcome="absent")
    ninth.pnl("back", OPENED, day(4), total_pnl="13")

    play(dbt, tmp_path / "warehouse.duckdb", third, fourth, ninth)
    query = f"select account_id, is_itd_restated, is_day_restated from marts.{mart} where as_of_date = '2026-03-04'"
    assert rows(tmp_path / "warehouse.duckdb", f"{query} order by 1") == [
        ("back", True, True),
        ("both", True, False),
        ("late", False, False),
        ("told", True, True),
        ("untold", False, False),
    ]
