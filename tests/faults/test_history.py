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
    """On Tuesday a symbol is renamed, a currency changes, a list fails, a policy's version is taken back the next night.

    Wednesday knows no report of Monday and lacks an account's portfolios; it is synced once more, with another setting.
    """
    with running(Options(accounts=6, rate_limit=0)) as sandbox:
        house = House(sandbox, tmp_path_factory.mktemp("history") / "data")
        renamed, _, unlisted, _, _, vanishing = accounts(sandbox)
        taken_back = renamed
        breach = Rule(
            "replace",
            endpoint="rebalancing",
            account=vanishing,
            pointer="/current_allocation/equities/actual",
            raw='"99.00"',
        )
        sandbox.clock.to_night(MONDAY)
        sandbox.faults.set([breach])
        house.sync()
        sandbox.clock.to_night(TUESDAY)
        sandbox.faults.set(
            [
                breach,
                Rule("replace", endpoint="investment_policy", account=taken_back, pointer="/version", raw="9"),
                Rule("replace", endpoint="pnl", account=renamed, pointer="/by_position/0/symbol", raw='"SOMETHING.NEW"'),
                Rule("replace", endpoint="accounts", pointer="/1/currency", raw='"EUR"'),
                Rule("status", status=500, endpoint="portfolios", account=unlisted),
            ]
        )
        house.sync()
        sandbox.clock.to_night(WEDNESDAY)
        sandbox.faults.set(
            [
                Rule("not_found", endpoint="pnl", path=f"end_date={MONDAY}"),
                Rule("remove", endpoint="portfolios", account=vanishing, pointer="/portfolios/*"),
            ]
        )
        ask_again(house, MONDAY)
        house.sync(refresh_prices=False)
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
    everything = expected[0][0]
    assert [count for count, _ in expected] == [everything, everything, everything - 2]  # another account's are gone
    assert [is_complete for _, is_complete in expected] == [True, False, True]


def test_a_report_that_is_gone_later_was_had_in_its_time(house: House) -> None:
    assert house.rows("select distinct outcome from raw.responses where endpoint = 'pnl_backfill'") == [("absent",)]
    assert house.rows("select count(*) from marts.pnl_daily where as_of_date = ?", MONDAY) == [(6,)]


def test_a_version_that_bluum_takes_back_is_kept_as_called_and_said(house: House) -> None:
    account = accounts(house.sandbox)[0]
    query = "select called_policy_version from marts.account_nights where account_id = ? order by as_of_date"
    (before,), (called,), (after,) = house.rows(query, account)
    assert called == 9
    assert before == after < 9
    told = "select as_of_date, nights from marts.reconciliation_daily where check_name = 'policy_called' and account_id = ?"
    # By what is known now version 9 holds since its effective date, before Monday.
    assert house.rows(told + " order by as_of_date", account) == [(MONDAY, 1), (WEDNESDAY, 1)]


def test_an_episode_of_a_portfolio_that_is_gone_is_lost(house: House) -> None:
    found = house.rows(
        "select distinct outcome, ended_on, last_observed_on from marts.drift_episodes as episodes"
        " join marts.portfolios using (portfolio_id) where portfolios.account_id = ? and asset_class = 'equities'",
        accounts(house.sandbox)[5],
    )
    assert found == [("lost", None, TUESDAY)]


def test_a_setting_changed_within_a_night_leaves_one_list_of_positions(house: House) -> None:
    lists = "select distinct params from raw.responses where endpoint = 'positions' and as_of_date = ?"
    assert house.rows(lists, WEDNESDAY) == [('{"refresh_prices":"true"}',)]
    twice = "select position_id from marts.positions_daily where as_of_date = ? group by all having count(*) > 1"
    assert house.rows(twice, WEDNESDAY) == []
