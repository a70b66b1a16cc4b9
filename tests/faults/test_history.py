"""A world that misbehaves over several nights, by HTTP, loading and models together: what the history makes of it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from helpers.faulty import Sandbox, running
from helpers.faulty.rules import Rule
from helpers.house import House
from helpers.sql_warehouse import Dbt

from pipelines.destination.warehouse import Warehouse
from pipelines.night.backfill import Window, plan
from sandbox.server import Options

MONDAY, TUESDAY, WEDNESDAY = (date(2022, 6, day) for day in (13, 14, 15))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """On Tuesday a symbol is renamed, a currency changes, a list fails; Wednesday knows no report of Monday."""
    with running(Options(accounts=4, rate_limit=0)) as sandbox:
        house = House(sandbox, tmp_path_factory.mktemp("history") / "data")
        renamed, _, unlisted, _ = accounts(sandbox)
        sandbox.clock.to_night(MONDAY)
        house.sync()
        sandbox.clock.to_night(TUESDAY)
        sandbox.faults.set(
            [
                Rule("replace", endpoint="pnl", account=renamed, pointer="/by_position/0/symbol", raw='"SOMETHING.NEW"'),
                Rule("replace", endpoint="accounts", pointer="/1/currency", raw='"EUR"'),
                Rule("status", status=500, endpoint="portfolios", account=unlisted),
            ]
        )
        house.sync()
        sandbox.clock.to_night(WEDNESDAY)
        sandbox.faults.set([Rule("not_found", endpoint="pnl", path=f"end_date={MONDAY}")])
        ask_again(house, MONDAY)
        Dbt(tmp_path_factory.mktemp("target")).build(house.warehouse)
        yield house


def accounts(sandbox: Sandbox) -> list[str]:
    return [account.account_id for account in sandbox.world.accounts]


def ask_again(house: House, day: date) -> None:
    """A sync of tonight, and then the reports of a past end date, as `bluum backfill-pnl` asks for them."""
    house.sync()
    window, now = Window(day, day, "day"), datetime(2022, 6, 16, tzinfo=UTC)
    house.fill(plan(Warehouse(house.warehouse), window, machine_now=now).requests)


def test_a_renamed_symbol_has_no_day_and_its_account_s_day_is_unattributed(house: House) -> None:
    account = accounts(house.sandbox)[0]
    found = house.rows(
        "select symbol, is_reported, unrealized_pnl from marts.pnl_by_position_daily"
        " where account_id = ? and as_of_date = ?",
        account,
        TUESDAY,
    )
    by_symbol = {symbol: (is_reported, day) for symbol, is_reported, day in found}
    assert by_symbol["SOMETHING.NEW"] == (True, None)
    assert [day for is_reported, day in by_symbol.values() if not is_reported and day is None]  # the old name
    whole = "select unrealized_pnl from marts.pnl_daily where account_id = ? and as_of_date = ?"
    ((day,),) = house.rows(whole, account, TUESDAY)
    assert sum(value for _, value in by_symbol.values() if value is not None) == day


def test_a_night_keeps_its_currency_and_no_day_crosses_to_another(house: House) -> None:
    found = house.rows(
        "select currency, total_pnl is null from marts.pnl_daily"
        " where account_id = ? and as_of_date <= ? order by as_of_date",
        accounts(house.sandbox)[1],
        TUESDAY,
    )
    assert found == [("USD", True), ("EUR", True)]


def test_portfolios_that_were_known_are_expected_when_their_list_fails(house: House) -> None:
    account = accounts(house.sandbox)[2]
    nights = house.rows(
        "select as_of_date, portfolios_outcome, rebalancing_outcome, is_complete from marts.account_nights"
        " where account_id = ? order by 1",
        account,
    )
    assert nights == [
        (MONDAY, "ok", "ok", True),
        (TUESDAY, "failed", "not_asked", False),
        (WEDNESDAY, "ok", "ok", True),
    ]
    expected = house.rows(
        "select expected, is_complete from marts.sync_coverage_daily where endpoint = 'rebalancing' order by as_of_date"
    )
    assert [count for count, _ in expected] == [expected[0][0]] * 3
    assert [is_complete for _, is_complete in expected] == [True, False, True]


def test_a_report_that_is_gone_later_was_had_in_its_time(house: House) -> None:
    assert house.rows("select distinct outcome from raw.responses where endpoint = 'pnl_backfill'") == [("absent",)]
    assert house.rows("select count(*) from marts.pnl_daily where as_of_date = ?", MONDAY) == [(4,)]
