"""Whole nights into a real warehouse, against a real server: what is asked, what lands, what is asked again."""

import asyncio
import json
import shutil
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from helpers.faulty import Sandbox, running

from pipelines.api.client import Client
from pipelines.api.endpoints import Request
from pipelines.api.engine import FEWEST_CONNECTIONS
from pipelines.api.pacer import Pacer
from pipelines.api.progress import Progress
from pipelines.destination.warehouse import Warehouse
from pipelines.errors import RosterRefused, Unauthorized, Unreachable, WarehouseUnusable
from pipelines.night.backfill import Window, plan
from pipelines.night.replay import NothingKept, replay
from pipelines.night.sync import Sync, sync
from pipelines.schema.tables import TABLES
from pipelines.settings import Settings
from sandbox.server import Options

FIRST_NIGHT = date(2022, 6, 13)  # a Monday


def settings_for(sandbox: Sandbox, folder: Path, **more: Any) -> Settings:
    credentials = {"api_key": sandbox.key, "BLUUM_API_SECRET": sandbox.secret, "BLUUM_BASE_URL": sandbox.base_url}
    return Settings(_env_file=None, **{**credentials, "data_dir": folder / "data", "rate_limit": 0, **more})  # type: ignore[arg-type]


def night(settings: Settings, run_id: str = "run", past: Sequence[Request] | None = None) -> Progress:
    """Sync tonight, or ask these reports of the past; whatever it would wait, it does not."""

    async def no_sleep(seconds: float) -> None:
        await asyncio.sleep(0)

    async def run() -> Progress:
        assert settings.api_key is not None
        assert settings.api_secret is not None
        secret = settings.api_secret.get_secret_value()
        async with Client(settings.api_url, settings.api_key, secret, Pacer(0), sleep=no_sleep) as client:
            run = Sync(settings, client, Warehouse(settings.warehouse_file), run_id)
            return await (run.run() if past is None else run.fill(past))

    return asyncio.run(run())


def query(settings: Settings, sql: str) -> list[Any]:
    with duckdb.connect(str(settings.warehouse_file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def contents(settings: Settings) -> dict[str, int]:
    """How many rows each raw table has."""
    tables = query(settings, "select table_name from duckdb_tables() where schema_name = 'raw' and table_name[1] != '_'")
    return {table: query(settings, f"select count(*) from raw.{table}")[0][0] for (table,) in tables}


def asked(sandbox: Sandbox) -> Counter[str]:
    """How often each endpoint was asked since this was last looked at."""
    counted = Counter(entry.endpoint for entry in sandbox.requests.entries)
    sandbox.requests.clear()
    return counted


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Four accounts: one with a policy change, one self-directed, one with two portfolios, one with a short."""
    with running(Options(accounts=4, rate_limit=0)) as operator:
        operator.clock.to_night(FIRST_NIGHT)
        yield operator


@pytest.fixture
def settings(sandbox: Sandbox, tmp_path: Path) -> Settings:
    return settings_for(sandbox, tmp_path)


# ------------------------------------------------------------------ one night


@pytest.fixture(scope="module", params=["accounts", "investors"])
def landed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The cast of twelve on one surface, synced twice on the same night by the program's own entry."""
    with running(Options(accounts=12, rate_limit=0)) as operator:
        settings = settings_for(operator, tmp_path_factory.mktemp(request.param), surface=request.param)
        first = sync(settings, "first")
        before, paths = contents(settings), [entry.path for entry in operator.requests.entries]
        operator.requests.clear()
        second = sync(settings, "second")
        yield operator, settings, first, second, before, paths


class TestANightOnEitherSurface:
    def test_every_account_lands_with_every_answer(self, landed: Any) -> None:
        operator, settings, first, *_ = landed
        standing = Warehouse(settings.warehouse_file).standing(first.as_of_date)
        assert (standing.accounts_expected, standing.accounts_landed) == (12, 12)
        assert (standing.missing, standing.quarantined) == ([], [])
        assert (first.failures, first.quarantined, first.waiting) == ([], 0, 0)
        assert first.as_of_date == date(2022, 6, 15)
        ids = {a.investor_id if settings.surface == "investors" else a.account_id for a in operator.world.accounts}
        assert {account for (account,) in query(settings, "select account_id from raw.accounts")} == ids

    def test_what_landed_is_what_the_world_holds(self, landed: Any) -> None:
        operator, settings, first, *_ = landed
        landed_positions = query(
            settings,
            """
            select account_id, symbol, quantity, market_value from raw.positions
            where response_id in (select response_id from raw.responses where endpoint = 'positions')
            """,
        )
        held = {
            (account.investor_id if settings.surface == "investors" else account.account_id, row.symbol, row.quantity)
            for account in operator.world.accounts
            for row in operator.world.ledger.positions(account.account_id, first.as_of_date, listed=True)
        }
        assert {(account, symbol, quantity) for account, symbol, quantity, _ in landed_positions} == held
        assert len(landed_positions) == len(held) > 50

    def test_each_request_was_made_once(self, landed: Any) -> None:
        *_, paths = landed
        twice = [path for path, count in Counter(paths).items() if count > 1 and not path.endswith("investment-policy")]
        assert twice == []

    def test_the_second_run_adds_no_response_and_changes_nothing(self, landed: Any) -> None:
        _, settings, _, second, before, _ = landed
        assert (second.asked, second.landed) == (0, 0)
        assert contents(settings) == before
        assert query(settings, "select distinct run_id from raw.responses") == [("first",)]

    def test_the_second_run_asks_only_what_night_it_is(self, landed: Any) -> None:
        operator, *_ = landed
        assert [entry.endpoint for entry in operator.requests.entries] in (["accounts"], ["investors"])

    def test_every_row_leads_to_a_response_and_counts_as_committed(self, landed: Any) -> None:
        _, settings, *_ = landed
        tables = [table for table in contents(settings) if table != "responses"]
        rows = " union all ".join(f"select response_id, _dlt_load_id from raw.{table}" for table in (*tables, "responses"))
        orphans = f"""
            select count(*) from ({rows}) where response_id not in (select response_id from raw.responses)
            or _dlt_load_id not in (select load_id from raw._dlt_loads where status = 0)
        """
        assert query(settings, orphans) == [(0,)]

    def test_row_counts_of_responses_add_up_to_the_rows(self, landed: Any) -> None:
        _, settings, *_ = landed
        held = contents(settings)
        typed = sum(rows for table, rows in held.items() if table not in ("responses", "plan", "quarantine", "new_fields"))
        assert query(settings, "select sum(row_count) from raw.responses") == [(typed,)]

    def test_responses_are_stamped_by_the_api_s_clock(self, landed: Any) -> None:
        _, settings, *_ = landed
        days = "select distinct as_of_date, cast(received_at at time zone 'America/New_York' as date) from raw.responses"
        assert query(settings, days) == [(date(2022, 6, 15), date(2022, 6, 15))]
        assert query(settings, "select count(*) from raw.responses where request_id is null") == [(0,)]

    def test_a_doubtful_price_was_asked_for_once_more(self, landed: Any) -> None:
        _, settings, *_ = landed
        doubtful = query(
            settings,
            """
            select position_id from raw.positions join raw.responses using (response_id)
            where endpoint = 'positions' and price_confidence in ('STALE', 'UNAVAILABLE') order by 1
            """,
        )
        again = (
            "select json_extract_string(params, '$.position_id') from raw.responses where endpoint = 'position' order by 1"
        )
        assert query(settings, again) == doubtful != []

    def test_a_policy_that_is_not_there_is_an_answer(self, landed: Any) -> None:
        _, settings, *_ = landed
        none = "select count(*) from raw.responses where endpoint = 'investment_policy' and outcome = 'absent'"
        assert query(settings, none) == [(3,)]  # the trader, the short seller and the dormant one are self-directed

    def test_nothing_was_sent_but_get(self, landed: Any) -> None:
        operator, *_ = landed
        assert {entry.method for entry in operator.requests.entries} == {"GET"}


def test_only_the_accounts_that_are_named_are_asked(sandbox: Sandbox, tmp_path: Path) -> None:
    wanted, other = sandbox.world.accounts[0].account_id, sandbox.world.accounts[1].account_id
    settings = settings_for(sandbox, tmp_path, accounts=frozenset({wanted, "unknown"}))
    night(settings)
    assert query(settings, "select distinct account_id from raw.responses where account_id is not null") == [(wanted,)]
    assert query(settings, "select count(*) from raw.accounts") == [(4,)]  # the roster itself is one answer
    sandbox.requests.clear()
    night(settings_for(sandbox, tmp_path, accounts=frozenset({wanted, other})))  # now the other one too, the same night
    assert {entry.path.split("/")[4] for entry in sandbox.requests.entries if "/accounts/" in entry.path} == {other}


def test_a_roster_longer_than_a_page_is_read_page_by_page(tmp_path: Path) -> None:
    with running(Options(accounts=230, rate_limit=0)) as operator:
        wanted = operator.world.accounts[229].investor_id
        settings = settings_for(operator, tmp_path, surface="investors", accounts=frozenset({wanted}))
        progress = night(settings)
        rosters = [entry.query for entry in operator.requests.entries if entry.endpoint == "investors"]
        listed = sum(account.is_open(date(2022, 6, 15)) for account in operator.world.accounts)
    assert rosters == ["limit=200&offset=0", "limit=200&offset=199"]
    assert query(settings, "select count(*), count(distinct account_id) from raw.accounts") == [(listed, listed)]
    pages = "select page, row_count > 0, answer_id from raw.responses where endpoint = 'accounts' order by page"
    assert [row[:2] for row in query(settings, pages)] == [(0, True), (1, True)]
    assert len({row[2] for row in query(settings, pages)}) == 1
    assert progress.failures == []


def test_a_roster_that_moves_between_its_pages_is_read_again(tmp_path: Path) -> None:
    with running(Options(accounts=230, rate_limit=0)) as operator:
        operator.faults.set([{"kind": "shift", "shift": 1, "endpoint": "investors", "path": "offset=199", "count": 1}])
        settings = settings_for(operator, tmp_path, surface="investors", accounts=frozenset({"nobody"}))
        progress = night(settings)
    readings = "select answer_id, max(outcome) from raw.responses where endpoint = 'accounts' group by 1 order by 1"
    assert [outcome for _, outcome in query(settings, readings)] == ["rejected", "ok"]
    twice = "select count(*) from (select account_id from raw.accounts group by account_id having count(*) > 1)"
    assert query(settings, twice) == [(0,)]
    assert progress.failures == []


# ------------------------------------------------------------------ the night after


def test_an_account_that_has_sold_everything_has_answered(sandbox: Sandbox, settings: Settings) -> None:
    account = sandbox.world.accounts[0].account_id
    night(settings)
    sandbox.clock.to_night(date(2022, 6, 14))
    sandbox.faults.set([{"kind": "replace", "endpoint": "positions", "account": account, "pointer": "", "raw": "[]"}])
    progress = night(settings)
    answer = f"""
        select as_of_date, outcome, row_count > 0 from raw.responses
        where endpoint = 'positions' and account_id = '{account}' order by 1
    """
    assert query(settings, answer) == [(date(2022, 6, 13), "ok", True), (date(2022, 6, 14), "ok", False)]
    assert Warehouse(settings.warehouse_file).standing(date(2022, 6, 14)).accounts_landed == 4
    assert progress.failures == []


def test_an_old_policy_version_is_asked_for_once_ever(sandbox: Sandbox, settings: Settings) -> None:
    def versions() -> list[str]:
        entries = [e for e in sandbox.requests.entries if e.endpoint == "investment_policy" and "version=" in e.query]
        sandbox.requests.clear()
        return sorted(e.query for e in entries)

    night(settings)
    # Account 0 has versions 1 and 2, account 2 has 1 to 3: what is not current is asked for by number.
    assert versions() == ["version=1", "version=1", "version=2"]
    sandbox.clock.to_night(date(2022, 6, 14))
    night(settings)
    assert versions() == []


def test_a_policy_version_that_could_not_be_had_is_asked_for_the_next_night(sandbox: Sandbox, settings: Settings) -> None:
    sandbox.faults.set([{"kind": "status", "status": 400, "endpoint": "investment_policy", "path": "[?]version="}])
    assert len(night(settings).failures) == 3
    sandbox.faults.clear()
    sandbox.requests.clear()
    sandbox.clock.to_night(date(2022, 6, 14))
    night(settings)
    assert len([e for e in sandbox.requests.entries if "?version=" in f"?{e.query}"]) == 3


def test_a_doubtful_price_is_not_asked_again_when_prices_are_not_wanted(sandbox: Sandbox, tmp_path: Path) -> None:
    settings = settings_for(sandbox, tmp_path, refresh_prices=False)
    night(settings)
    assert asked(sandbox)["position"] == 0
    assert query(settings, "select count(*) from raw.positions where price_confidence is not null") == [(0,)]


def test_a_closed_account_is_asked_until_a_night_has_seen_it_closed(tmp_path: Path) -> None:
    with running(Options(accounts=8, rate_limit=0)) as operator:
        closing = operator.world.accounts[7]
        settings = settings_for(operator, tmp_path, pnl_fill_requests=0)

        def questions_on(day: date) -> int:
            operator.clock.to_night(day)
            operator.requests.clear()
            night(settings)
            return sum(closing.account_id in entry.path for entry in operator.requests.entries)

        assert closing.closes == date(2022, 5, 13)
        assert questions_on(date(2022, 5, 12)) > 0
        assert questions_on(date(2022, 5, 13)) > 0
        assert questions_on(date(2022, 5, 16)) == 0
    nights = f"select as_of_date, status from raw.accounts where account_id = '{closing.account_id}' order by 1"
    assert [status for _, status in query(settings, nights)] == ["ACTIVE", "CLOSED", "CLOSED"]


def test_a_closed_account_whose_last_answers_failed_is_asked_again(tmp_path: Path) -> None:
    with running(Options(accounts=8, rate_limit=0)) as operator:
        closing = operator.world.accounts[7].account_id
        settings = settings_for(operator, tmp_path, pnl_fill_requests=0)
        operator.clock.to_night(date(2022, 5, 13))
        operator.faults.set([{"kind": "status", "status": 400, "endpoint": "pnl", "account": closing}])
        night(settings)
        operator.faults.clear()
        operator.clock.to_night(date(2022, 5, 16))
        operator.requests.clear()
        night(settings)
        assert sum(closing in entry.path for entry in operator.requests.entries) > 0


def test_the_reports_of_a_missed_night_are_filled_in(sandbox: Sandbox, settings: Settings) -> None:
    night(settings)
    sandbox.clock.to_night(date(2022, 6, 15))  # nobody was there on the 14th
    sandbox.requests.clear()
    night(settings)
    filled = "select account_id, params from raw.responses where endpoint = 'pnl_backfill' and outcome = 'ok'"
    assert len(query(settings, filled)) == 4
    assert {'"end_date":"2022-06-14"' in params for _, params in query(settings, filled)} == {True}
    ends = "select distinct end_date, as_of_date from raw.pnl_reports order by 1"
    assert query(settings, ends) == [
        (date(2022, 6, 13), date(2022, 6, 13)),
        (date(2022, 6, 14), date(2022, 6, 15)),
        (date(2022, 6, 15), date(2022, 6, 15)),
    ]
    asked(sandbox)
    sandbox.clock.to_night(date(2022, 6, 16))
    night(settings)
    assert asked(sandbox)["pnl"] == 4  # tonight's and no more


def test_the_dates_around_a_restated_report_are_asked_until_its_correction_begins(
    sandbox: Sandbox, settings: Settings
) -> None:
    account = sandbox.world.accounts[0]
    for day in (13, 14, 15, 16):
        sandbox.clock.to_night(date(2022, 6, day))
        night(settings)
    sandbox.world.correct(
        account.account_id, "realized_pnl", Decimal(-10), date(2022, 6, 14), datetime(2022, 6, 17, 12, tzinfo=UTC)
    )
    sandbox.clock.to_night(date(2022, 6, 17))
    night(settings)
    fill(settings, date(2022, 6, 15))  # somebody asks for the 15th again, and finds it restated

    asked_again = []
    for day in (20, 21, 22, 23):
        sandbox.clock.to_night(date(2022, 6, day))
        night(settings)
        ends = (
            f"select end_date from raw.pnl_reports where as_of_date = '2022-06-{day}' and end_date < as_of_date order by 1"
        )
        asked_again.append([end.day for (end,) in query(settings, ends)])

    assert asked_again == [
        [14, 16],  # beside the 15th; both read otherwise, too
        [13, 15, 17],  # beside these; the 13th reads as before, so the correction begins with the 14th
        [],
        [],
    ]


def test_the_dates_beside_a_report_that_was_first_asked_late_are_asked_again(
    sandbox: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    """Nobody was there on the 14th, and it was filled on the 17th only; of one account the 13th was corrected meanwhile."""
    account = sandbox.world.accounts[0].account_id
    for day in (13, 15, 16):
        sandbox.clock.to_night(date(2022, 6, day))
        night(settings_for(sandbox, tmp_path, pnl_fill_requests=0))
    sandbox.world.correct(account, "realized_pnl", Decimal(-10), date(2022, 6, 13), datetime(2022, 6, 17, 12, tzinfo=UTC))

    asked_again: list[tuple[list[int], list[int]]] = []
    for day in (17, 20, 21, 22, 23):
        sandbox.clock.to_night(date(2022, 6, day))
        night(settings)
        ends = f"select end_date from raw.pnl_reports where as_of_date = '2022-06-{day}' and end_date < as_of_date and"
        sides = (f"account_id = '{account}'", f"account_id = '{sandbox.world.accounts[1].account_id}'")
        corrected, other = ([end.day for (end,) in query(settings, f"{ends} {side} order by 1")] for side in sides)
        asked_again.append((corrected, other))

    assert asked_again == [
        ([14], [14]),
        ([13, 15], [13, 15]),  # beside the 14th: of the one account both read otherwise, of the other as before
        ([14, 16], []),
        ([15, 17], []),
        ([], []),
    ]


def test_a_date_that_has_no_report_any_more_is_asked_again_once(
    sandbox: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    for day in (13, 15, 16):
        sandbox.clock.to_night(date(2022, 6, day))
        night(settings_for(sandbox, tmp_path, pnl_fill_requests=0))
    sandbox.clock.to_night(date(2022, 6, 17))
    night(settings)  # fills the 14th, so that the 13th and the 15th are asked again
    sandbox.faults.set([{"kind": "not_found", "endpoint": "pnl", "path": "end_date=2022-06-13"}])
    asked(sandbox)
    for day, expected in ((20, 4 + 8), (21, 4)):
        sandbox.clock.to_night(date(2022, 6, day))
        night(settings)
        assert asked(sandbox)["pnl"] == expected


def test_a_date_that_is_always_refused_keeps_no_other_waiting(sandbox: Sandbox, settings: Settings, tmp_path: Path) -> None:
    sandbox.clock.to_night(FIRST_NIGHT)
    night(settings)
    sandbox.faults.set([{"kind": "status", "status": 400, "endpoint": "pnl", "path": "end_date=2022-06-15"}])
    frugal = settings_for(sandbox, tmp_path, pnl_fill_requests=4)  # one date a night, of each of four accounts
    filled = []
    for day in (16, 17):
        sandbox.clock.to_night(date(2022, 6, day))
        night(frugal)
        ends = f"select distinct end_date from raw.pnl_reports where as_of_date = '2022-06-{day}' and end_date < as_of_date"
        filled.append([end.day for (end,) in query(settings, ends)])
    assert filled == [[], [14]]  # the 15th, in vain; then the 14th, which nobody has asked for


def test_beside_a_report_that_cannot_be_read_are_those_before_and_after_it(
    sandbox: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    """As in the marts: the 14th, answered again with what is no number, has no report, so the 13th is beside the 15th."""
    account = sandbox.world.accounts[0].account_id
    for day in (13, 14, 15, 16):
        sandbox.clock.to_night(date(2022, 6, day))
        night(settings)
    unreadable = {"kind": "replace", "endpoint": "pnl", "account": account, "path": "end_date=2022-06-14"}
    sandbox.faults.set([{**unreadable, "pointer": "/summary/total_pnl", "raw": '"lots"'}])
    fill(settings, date(2022, 6, 14))
    sandbox.world.correct(account, "realized_pnl", Decimal(-10), date(2022, 6, 15), datetime(2022, 6, 17, 12, tzinfo=UTC))
    sandbox.clock.to_night(date(2022, 6, 17))
    fill(settings, date(2022, 6, 15))
    sandbox.clock.to_night(date(2022, 6, 20))
    night(settings)
    ends = "select end_date from raw.pnl_reports where as_of_date = '2022-06-20' and end_date < as_of_date and account_id ="
    assert [end.day for (end,) in query(settings, f"{ends} '{account}' order by 1")] == [13, 16, 17]


def fill(settings: Settings, end: date) -> None:
    """Ask for the reports of one past end date, as `bluum backfill-pnl` does."""
    now = datetime(2022, 6, 18, tzinfo=UTC)
    night(settings, "backfill", plan(Warehouse(settings.warehouse_file), Window(end, end, "day"), machine_now=now).requests)


def test_a_weekend_is_no_missed_night(sandbox: Sandbox, settings: Settings) -> None:
    sandbox.clock.to_night(date(2022, 6, 10))  # a Friday
    night(settings)
    asked(sandbox)
    sandbox.clock.to_night(date(2022, 6, 13))
    night(settings)
    assert asked(sandbox)["pnl"] == 4


def test_no_more_reports_are_filled_than_a_night_may_ask(sandbox: Sandbox, tmp_path: Path) -> None:
    settings = settings_for(sandbox, tmp_path, pnl_fill_requests=5)
    night(settings)
    sandbox.clock.to_night(date(2022, 6, 20))
    asked(sandbox)
    night(settings)
    assert asked(sandbox)["pnl"] == 4 + 5
    newest = "select distinct end_date from raw.pnl_reports where end_date != as_of_date order by 1"
    assert query(settings, newest) == [(date(2022, 6, 16),), (date(2022, 6, 17),)]  # the newest first


# ------------------------------------------------------------------ when something goes wrong


def test_a_bad_account_costs_one_account_and_a_second_run_asks_only_for_it(sandbox: Sandbox, settings: Settings) -> None:
    bad = sandbox.world.accounts[1].account_id
    sandbox.faults.set([{"kind": "status", "status": 500, "endpoint": "positions", "account": bad}])
    progress = night(settings)
    assert [(f.request.endpoint, f.request.account_id, f.outcome.value) for f in progress.failures] == [
        ("positions", bad, "failed")
    ]
    assert Warehouse(settings.warehouse_file).standing(FIRST_NIGHT).accounts_landed == 3
    sandbox.faults.clear()
    asked(sandbox)
    again = night(settings, "again")
    positions = {entry.path for entry in sandbox.requests.entries if entry.endpoint == "positions"}
    assert positions == {f"/v1/trading/accounts/{bad}/positions"}
    assert {entry.endpoint for entry in sandbox.requests.entries} <= {"positions", "position"}
    assert again.failures == []
    assert Warehouse(settings.warehouse_file).standing(FIRST_NIGHT).accounts_landed == 4


def test_a_body_that_cannot_be_read_is_kept_and_rejected(sandbox: Sandbox, settings: Settings) -> None:
    bad = sandbox.world.accounts[0].account_id
    sandbox.faults.set([{"kind": "truncated", "endpoint": "pnl", "account": bad}])
    (failure,) = night(settings).failures
    assert (failure.request.endpoint, failure.outcome.value) == ("pnl", "rejected")
    ((outcome, attempts, length),) = query(
        settings,
        f"select outcome, attempts, length(body) from raw.responses where endpoint = 'pnl' and account_id = '{bad}'",
    )
    assert (outcome, attempts) == ("rejected", 6)
    assert length > 100


def test_a_row_in_quarantine_does_not_stop_its_neighbours(sandbox: Sandbox, settings: Settings) -> None:
    bad = sandbox.world.accounts[0].account_id
    rule = {
        "kind": "replace",
        "endpoint": "positions",
        "account": bad,
        "pointer": "/0/quantity",
        "raw": '"1.0000000000000000001"',
    }
    sandbox.faults.set([rule])
    progress = night(settings)
    assert progress.quarantined == 1
    assert progress.failures == []
    listed_rows = "raw.positions join raw.responses using (response_id) where endpoint = 'positions'"
    rows = f"select count(*) from {listed_rows} and positions.account_id = '{bad}'"
    listed = len(sandbox.world.ledger.positions(bad, FIRST_NIGHT, listed=True))
    assert query(settings, rows) == [(listed - 1,)]
    assert query(settings, "select field, value, reason from raw.quarantine") == [
        ("quantity", '"1.0000000000000000001"', "19 decimals, the column keeps 18")
    ]
    assert Warehouse(settings.warehouse_file).standing(FIRST_NIGHT).accounts_landed == 3


def test_every_digit_of_an_answer_reaches_the_warehouse(sandbox: Sandbox, settings: Settings) -> None:
    account = sandbox.world.accounts[0].account_id
    digits = "99999999999999999999.999999999999999999"
    where = {"kind": "replace", "endpoint": "positions", "account": account}
    sandbox.faults.set(
        [
            {**where, "pointer": "/0/quantity", "raw": f'"{digits}"'},
            {**where, "pointer": "/2/market_value", "raw": '"-12345678901234567890123456789.123456789"'},
            {**where, "pointer": "/1/quantity", "raw": digits},  # as a JSON number
        ]
    )
    assert night(settings).quarantined == 0
    held = "select count(*) from raw.positions where cast({} as varchar) = '{}'"
    assert query(settings, held.format("quantity", digits)) == [(2,)]
    assert query(settings, held.format("market_value", "-12345678901234567890123456789.123456789")) == [(1,)]


def test_a_wealth_product_that_is_not_bought_is_an_answer(tmp_path: Path) -> None:
    with running(Options(accounts=4, rate_limit=0, wealth_enabled=False)) as operator:
        settings = settings_for(operator, tmp_path)
        assert night(settings).failures == []
    outcomes = "select distinct endpoint, outcome from raw.responses where endpoint != 'position' order by all"
    assert query(settings, outcomes) == [
        ("accounts", "ok"),
        ("investment_policy", "disabled"),
        ("pnl", "disabled"),
        ("portfolios", "disabled"),
        ("positions", "ok"),
    ]


def test_no_accounts_at_all_is_a_complete_and_empty_night(sandbox: Sandbox, settings: Settings) -> None:
    sandbox.faults.set([{"kind": "empty_roster"}])
    progress = night(settings)
    assert (progress.asked, progress.landed, progress.failures) == (1, 1, [])
    held = contents(settings)
    assert {table: rows for table, rows in held.items() if rows} == {"responses": 1}
    assert len(held) == len(TABLES)  # every table is there, for the models to read
    standing = Warehouse(settings.warehouse_file).standing(FIRST_NIGHT)
    assert (standing.accounts_expected, standing.missing) == (0, [])


@pytest.mark.parametrize("surface", ["accounts", "investors"])
def test_wrong_credentials_write_nothing(sandbox: Sandbox, tmp_path: Path, surface: str) -> None:
    settings = settings_for(sandbox, tmp_path, surface=surface, BLUUM_API_SECRET="wrong")
    with pytest.raises(Unauthorized, match=r"refuses the credentials .*nothing was written"):
        night(settings)
    assert [entry.status for entry in sandbox.requests.entries] == [401]
    assert not settings.warehouse_file.exists()


def test_credentials_that_are_revoked_halfway_end_the_night_and_keep_what_landed(
    sandbox: Sandbox, settings: Settings
) -> None:
    sandbox.faults.set([{"kind": "unauthorized", "after": 6}])
    progress = night(settings)
    assert "credentials were refused" in (progress.stopped_by or "")
    assert query(settings, "select count(*) >= 5 from raw.responses where outcome != 'failed'") == [(True,)]
    sandbox.faults.clear()
    assert night(settings, "again").failures == []
    assert Warehouse(settings.warehouse_file).standing(FIRST_NIGHT).accounts_landed == 4


def test_nobody_at_the_base_url(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    settings = Settings(_env_file=None, api_key="k", BLUUM_API_SECRET="s", BLUUM_BASE_URL=url, data_dir=tmp_path / "data")  # type: ignore[call-arg]
    with pytest.raises(Unreachable, match=f"no answer from {url}: ClientConnectorError.*nothing was asked or changed"):
        night(settings)
    assert not settings.warehouse_file.exists()


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"kind": "html"}, "the body is not JSON"),
        ({"kind": "status", "status": 503}, "upstream service unavailable"),
        ({"kind": "not_found"}, "nothing stored under this id"),
        ({"kind": "no_content"}, "HTTP 204"),
        ({"kind": "forbidden", "frame": "product"}, "not switched on"),
        ({"kind": "replace", "pointer": "", "raw": '{"accounts": []}'}, "expected a list"),
    ],
)
def test_a_roster_that_is_none_ends_the_night_before_it_begins(
    sandbox: Sandbox, settings: Settings, rule: dict[str, object], reason: str
) -> None:
    sandbox.faults.set([{**rule, "endpoint": "accounts"}])
    with pytest.raises(RosterRefused, match=reason):
        night(settings)
    assert set(asked(sandbox)) == {"accounts"}
    assert {table: rows for table, rows in contents(settings).items() if rows} == {"responses": 1}


def test_a_roster_that_has_lost_everybody_is_not_believed_and_asked_again(sandbox: Sandbox, settings: Settings) -> None:
    night(settings)
    sandbox.clock.to_night(date(2022, 6, 14))
    sandbox.faults.set([{"kind": "empty_roster"}])
    asked(sandbox)
    with pytest.raises(RosterRefused, match="it went from 4 to 0 accounts"):
        night(settings)
    assert set(asked(sandbox)) == {"accounts"}
    sandbox.faults.clear()
    assert night(settings).failures == []  # the same night, once it can be believed
    assert Warehouse(settings.warehouse_file).standing(date(2022, 6, 14)).accounts_landed == 4


@pytest.mark.parametrize(
    ("shrink_percent", "gone", "is_believed"), [(50, 2, True), (50, 3, False), (100, 4, True), (0, 1, False)]
)
def test_how_much_of_a_roster_may_go_in_a_night(
    sandbox: Sandbox, tmp_path: Path, shrink_percent: float, gone: int, is_believed: bool
) -> None:
    settings = settings_for(sandbox, tmp_path, roster_shrink_percent=shrink_percent)
    night(settings)
    sandbox.clock.to_night(date(2022, 6, 14))
    sandbox.faults.set([{"kind": "remove", "endpoint": "accounts", "pointer": "/0"}] * gone)
    if is_believed:
        assert night(settings).failures == []
    else:
        with pytest.raises(RosterRefused, match=f"from 4 to {4 - gone} accounts"):
            night(settings)


def test_a_file_that_is_no_warehouse_is_left_as_it_is(sandbox: Sandbox, settings: Settings) -> None:
    settings.warehouse_file.parent.mkdir(parents=True)
    settings.warehouse_file.write_bytes(b"this was a warehouse once" * 500)
    with pytest.raises(WarehouseUnusable, match="cannot be opened, and was left as it is"):
        night(settings)
    assert settings.warehouse_file.read_bytes() == b"this was a warehouse once" * 500
    assert sandbox.requests.total == 0


def test_accounts_with_odd_ids_land_like_any_other(tmp_path: Path) -> None:
    odd = ["a/b", "..", "🚀", "a b?c#d%e&f", "x" * 300, "quote'\"`", "{account_id}\\;"]
    with running(Options(accounts=7, rate_limit=0)) as operator:
        for account, name in zip(operator.world.accounts, odd, strict=True):
            operator.world.rename(account.account_id, name)
        settings = settings_for(operator, tmp_path)
        assert night(settings).failures == []
    answered = "select account_id from raw.responses where endpoint = 'positions' and outcome = 'ok' and row_count > 0"
    assert {account for (account,) in query(settings, answered)} == set(odd)


def test_rows_of_a_load_that_never_committed_are_swept_and_asked_for_again(sandbox: Sandbox, settings: Settings) -> None:
    night(settings)
    before, everything = contents(settings), asked(sandbox)
    with duckdb.connect(str(settings.warehouse_file)) as connection:
        connection.execute("delete from raw._dlt_loads")  # the last thing dlt writes, and what a kill keeps it from

    night(settings)

    assert asked(sandbox) == everything
    assert contents(settings) == before


@pytest.mark.parametrize("damage", ["cut short", "gone"])
def test_what_becomes_of_dlt_s_files_holds_up_no_night(sandbox: Sandbox, settings: Settings, damage: str) -> None:
    night(settings)
    before = contents(settings)
    ours, theirs = settings.data_dir / "dlt" / "pipelines" / "bluum_warehouse", settings.data_dir / "dlt" / "somebody's"
    theirs.write_text("not ours")
    for path in ours.rglob("*.json"):
        path.write_text(path.read_text()[:40])
    if damage == "gone":
        shutil.rmtree(ours)
    sandbox.clock.advance(days=1)

    assert night(settings).failures == []

    assert contents(settings)["accounts"] == 2 * before["accounts"]
    assert theirs.read_text() == "not ours"


def test_a_file_where_dlt_s_folder_belongs_is_one_clear_line(settings: Settings) -> None:
    settings.data_dir.mkdir()
    (settings.data_dir / "dlt").write_text("not a folder")
    with pytest.raises(WarehouseUnusable, match="dlt/pipelines cannot be written"):
        night(settings)


def test_a_loaded_body_stands_in_the_warehouse_alone(settings: Settings) -> None:
    night(settings)
    assert list(settings.data_dir.rglob("*.parquet")) == []


def test_there_is_nothing_to_read_again_before_the_first_night(settings: Settings) -> None:
    with pytest.raises(NothingKept, match="run `bluum sync` first"):
        replay(Warehouse(settings.warehouse_file))
    assert not settings.warehouse_file.exists()


def test_portfolios_that_come_in_pages_are_read_to_their_end(sandbox: Sandbox, settings: Settings) -> None:
    account = sandbox.world.accounts[0].account_id
    pages = {"portfolios$": (["p1", "p2"], True), "offset=1": (["p2", "p3"], False)}
    sandbox.faults.set(
        {
            "kind": "replace",
            "account": account,
            "endpoint": "portfolios",
            "path": path,
            "raw": json.dumps({"object": "list", "has_more": more, "data": [{"portfolio_id": name} for name in names]}),
        }
        for path, (names, more) in pages.items()
    )

    night(settings)

    landed = f"select portfolio_id from raw.portfolios where account_id = '{account}' order by 1"
    assert query(settings, landed) == [("p1",), ("p2",), ("p3",)]


def test_what_a_later_night_can_ask_too_comes_after_what_only_tonight_can(tmp_path: Path) -> None:
    with running(Options(accounts=40, rate_limit=0)) as sandbox:
        night(settings_for(sandbox, tmp_path, pnl_fill_requests=0))
        order = [entry.endpoint for entry in sandbox.requests.entries]
    first_report = order.index("pnl")
    before, after = Counter(order[:first_report]), Counter(order[first_report:])
    assert {before[endpoint] + after[endpoint] for endpoint in ("positions", "portfolios", "pnl")} == {40}
    on_its_way = FEWEST_CONNECTIONS - 1  # beside the first report, and answered after it
    assert after["positions"] + after["portfolios"] <= on_its_way
    assert before["investment_policy"] >= 40 - on_its_way
    led_to = set(after) - {"pnl", "performance", "positions", "portfolios"}
    assert led_to <= {"rebalancing", "holdings", "summary", "position", "investment_policy"}
    assert sum(after[endpoint] for endpoint in led_to) < FEWEST_CONNECTIONS * 3  # three questions of each portfolio


def test_large_answers_are_loaded_before_they_fill_the_memory(
    sandbox: Sandbox, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = "select count(distinct _dlt_load_id), count(*) from raw.responses"
    monkeypatch.setattr("pipelines.api.engine.BATCH_BYTES", 1)
    progress = night(settings)
    ((packages, responses),) = query(settings, loads)
    assert (packages > 3, responses) == (True, progress.landed)
