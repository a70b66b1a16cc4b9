"""Which reports of the past are asked for, over a real warehouse."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from helpers.house import House

from pipelines.api.endpoints import pnl_request
from pipelines.api.progress import Progress
from pipelines.destination.warehouse import Warehouse
from pipelines.night.backfill import Backfill, NoBackfill, Step, Window, plan
from pipelines.night.sync import fill
from sandbox.server import Options, running

NIGHT = date(2022, 6, 15)  # a Wednesday


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Two accounts, of which one night has landed."""
    with running(Options(accounts=2, rate_limit=0)) as operator:
        operator.clock.to_night(NIGHT)
        house = House(operator, tmp_path_factory.mktemp("backfill") / "data")
        house.sync()
        yield house


def planned(house: House, start: date, end: date, *, every: Step = "day", missing_only: bool = False) -> Backfill:
    return plan(Warehouse(house.warehouse), Window(start, end, every), missing_only=missing_only)


@pytest.mark.parametrize(
    ("every", "dates"),
    [
        ("day", ["2022-05-26", "2022-05-27", "2022-05-30", "2022-05-31", "2022-06-01", "2022-06-02", "2022-06-03"]),
        ("week", ["2022-05-27", "2022-06-03"]),
        ("month", ["2022-05-31"]),
    ],
)
def test_a_window_has_weekdays_fridays_or_ends_of_months(every: Step, dates: list[str]) -> None:
    assert [str(day) for day in Window(date(2022, 5, 26), date(2022, 6, 5), every).dates()] == dates


def test_a_reversed_window_is_refused() -> None:
    with pytest.raises(NoBackfill, match="--from 2022-06-02 is later than --to 2022-06-01; nothing was asked"):
        list(Window(date(2022, 6, 2), date(2022, 6, 1)).dates())


def test_there_is_nothing_to_fill_before_the_first_night(tmp_path: Path) -> None:
    with pytest.raises(NoBackfill, match="run `bluum sync` first"):
        plan(Warehouse(tmp_path / "warehouse.duckdb"), Window(NIGHT, NIGHT))


def test_every_account_is_asked_for_every_date_of_the_window(house: House) -> None:
    backfill = planned(house, date(2022, 6, 13), NIGHT)
    asked = [(request.account_id, request.params["end_date"]) for request in backfill.requests]
    days = ("2022-06-13", "2022-06-14", "2022-06-15")
    assert sorted(asked) == sorted((account, day) for account in house.account_ids(0, 1) for day in days)
    assert (backfill.again, backfill.held, backfill.refused) == (2, 0, {})
    assert {request.endpoint for request in backfill.requests} == {"pnl_backfill"}


def test_only_what_is_missing_leaves_out_what_is_held(house: House) -> None:
    backfill = planned(house, date(2022, 6, 14), NIGHT, missing_only=True)
    assert {request.params["end_date"] for request in backfill.requests} == {"2022-06-14"}
    assert (backfill.again, backfill.held) == (0, 2)


def test_dates_before_an_account_opened_and_after_the_last_night_are_refused_by_name(house: House) -> None:
    backfill = planned(house, date(2010, 1, 1), date(2022, 6, 17), every="week")
    assert set(backfill.refused) == set(house.account_ids(0, 1))
    assert all("dates before it opened on" in why for why in backfill.refused.values())
    assert all(f"1 dates after {NIGHT}, the last night" in why for why in backfill.refused.values())


def test_named_accounts_alone_are_asked(house: House) -> None:
    (wanted,) = house.account_ids(1)
    backfill = plan(Warehouse(house.warehouse), Window(NIGHT, NIGHT), frozenset({wanted}))
    assert [request.account_id for request in backfill.requests] == [wanted]


def test_a_night_that_cannot_have_been_is_not_the_last_one(house: House) -> None:
    yesterday = datetime(2022, 6, 13, 12, tzinfo=UTC)  # by the machine's clock: nothing has landed up to then
    with pytest.raises(NoBackfill):
        plan(Warehouse(house.warehouse), Window(NIGHT, NIGHT), machine_now=yesterday)


def test_minutes_go_by_the_pace() -> None:
    backfill = Backfill((pnl_request("pnl_backfill", "a", None, NIGHT),) * 582, 0, 0, {})
    assert (round(backfill.minutes(10), 3), backfill.minutes(0)) == (1.0, 0.0)


def test_a_backfill_of_one_report_says_how_far_it_is(tmp_path: Path) -> None:
    with running(Options(accounts=2, rate_limit=0)) as operator:
        house = House(operator, tmp_path / "data")
        house.sync()
        (request,) = plan(
            Warehouse(house.warehouse), Window(date(2022, 6, 14), date(2022, 6, 14)), frozenset(house.account_ids(0))
        ).requests
        seen: list[Progress] = []

        progress = fill(house.settings(), "fill", [request], seen.append)

        assert seen
        assert {one.as_of_date for one in seen} == {progress.as_of_date} == {NIGHT}
        assert (progress.asked, progress.landed) == (1, 1)
    assert house.rows("select count(*) from raw.pnl_reports where end_date = '2022-06-14'") == [(1,)]


def test_a_backfill_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    with running(Options(accounts=2, rate_limit=0)) as operator:
        house = House(operator, tmp_path / "data")
        house.sync()
        window = Window(date(2022, 6, 9), date(2022, 6, 10))
        everything = plan(Warehouse(house.warehouse), window).requests
        fill(house.settings(), "first", everything[:3])
        rest = plan(Warehouse(house.warehouse), window)
        assert (set(rest.requests), rest.held) == (set(everything[3:]), 3)
