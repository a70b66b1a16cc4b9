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

    Of `dropped` both reports come to tell realized P&L, of `hidden` they cease to: their days change, too.
    Both reports of `both` are corrected by -6, one of them without realized P&L: their day stays as it was. Of `told`
    realized P&L comes to be known, so its day changes.
    """
    third, fourth, ninth = (
        night(number, "untold", "late", "both", "told", "back", "dropped", "hidden") for number in (3, 4, 9)
    )
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

    for number, played in ((3, third), (4, fourth)):
        played.pnl("dropped", OPENED, day(number), total_pnl="10")
        played.pnl("hidden", OPENED, day(number), total_pnl="10", realized_pnl=str(number))
        ninth.pnl("dropped", OPENED, day(number), total_pnl="10", realized_pnl=str(number))
        ninth.pnl("hidden", OPENED, day(number), total_pnl="10")

    play(dbt, tmp_path / "warehouse.duckdb", third, fourth, ninth)
    query = f"select account_id, is_itd_restated, is_day_restated from marts.{mart} where as_of_date = '2026-03-04'"
    assert rows(tmp_path / "warehouse.duckdb", f"{query} order by 1") == [
        ("back", True, True),
        ("both", True, False),
        ("dropped", True, True),
        ("hidden", True, True),
        ("late", False, False),
        ("told", True, True),
        ("untold", False, False),
    ]


@pytest.mark.parametrize("mart", ["pnl_daily", "pnl_daily_as_of('2100-01-01')"])
def test_days_beside_a_report_that_was_first_asked_late_are_of_two_vintages_until_these_are_asked_again(
    dbt: Dbt, tmp_path: Path, mart: str
) -> None:
    """Nobody was there on the 4th, and on the 9th the P&L of the 2nd is corrected by -100.

    The 4th of `late` is first asked on the 9th: -90 and +110 are no days. Of `mended`, the dates beside it were asked again
    on the 10th, those beside them on the 11th, and those beside these on the 12th, as syncs do. The 4th of `soon` is filled
    on the 5th, before any later date was asked: no night has passed.
    """
    accounts = ("late", "mended", "soon")
    nights = {number: night(number, *accounts) for number in (3, 5, 6, 9, 10, 11, 12)}
    for account in accounts:
        for number, total in ((3, "110"), (5, "130"), (6, "140"), (9, "50"), (10, "60"), (11, "70"), (12, "80")):
            nights[number].pnl(account, OPENED, day(number), total_pnl=total)
    nights[5].pnl("soon", OPENED, day(4), total_pnl="120")
    for account in ("late", "mended"):
        nights[9].pnl(account, OPENED, day(4), total_pnl="20")
    for number, total in ((3, "10"), (5, "30")):
        nights[10].pnl("mended", OPENED, day(number), total_pnl=total)
    for number, total in ((4, "20"), (6, "40")):
        nights[11].pnl("mended", OPENED, day(number), total_pnl=total)
    for number, total in ((5, "30"), (9, "50")):
        nights[12].pnl("mended", OPENED, day(number), total_pnl=total)

    play(dbt, tmp_path / "warehouse.duckdb", *nights.values())
    query = f"select total_pnl, is_mixed_vintage from marts.{mart} where account_id = '{{}}' and as_of_date > '2026-03-03'"
    found = {
        account: rows(tmp_path / "warehouse.duckdb", f"{query.format(account)} order by as_of_date") for account in accounts
    }
    assert found["late"] == [(-90, True), (110, True), (10, False), (-90, False), (10, False), (10, False), (10, False)]
    assert found["mended"] == [(10, False)] * 7
    assert found["soon"] == [(10, False), (10, False), (10, False), (-90, False), (10, False), (10, False), (10, False)]


def test_other_items_of_the_same_account_figures_are_no_other_vintage(dbt: Dbt, tmp_path: Path) -> None:
    third, fourth, ninth = (night(number, "a") for number in (3, 4, 9))
    third.pnl("a", OPENED, day(3), total_pnl="5")
    fourth.pnl("a", OPENED, day(4), total_pnl="7", classes={"equities": {"pnl": "7"}})
    ninth.pnl("a", OPENED, day(4), total_pnl="7", classes={"equities": {"pnl": "6"}})
    play(dbt, tmp_path / "warehouse.duckdb", third, fourth, ninth)
    query = "select is_itd_restated, is_mixed_vintage from marts.pnl_daily where as_of_date = '2026-03-04'"
    assert rows(tmp_path / "warehouse.duckdb", query) == [(True, False)]
