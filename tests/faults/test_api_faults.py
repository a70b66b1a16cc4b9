"""What Bluum and the network can do to a night: every fault kind of the sandbox, over real sockets.

A fault that passes must leave no trace in the data; one that stays costs the account it strikes, and names it.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from helpers.faulty import running
from helpers.faulty.rules import Rule
from helpers.house import House, Truth

from pipelines.errors import RosterRefused, Unauthorized, Unreachable
from sandbox.server import Options
from sandbox.server import params as sandbox_params

TENTH = 0.1
PASSING = {
    "connection reset": Rule("reset", rate=TENTH),
    "connection refused": Rule("refused", rate=TENTH / 4, seconds=0.02),  # each time all that are on their way are reset
    "no answer in time": Rule("hold", rate=TENTH, seconds=5),
    "body cut short": Rule("cut", rate=TENTH),
    "JSON cut short": Rule("truncated", rate=TENTH),
    "a page in HTML under 200": Rule("html", rate=TENTH),
    "another content type": Rule("content_type", rate=TENTH),
    "broken gzip": Rule("gzip", rate=TENTH),
    "500": Rule("status", rate=TENTH, status=500),
    "502 in HTML": Rule("status", rate=TENTH, status=502, body="html"),
    "503": Rule("status", rate=TENTH, status=503),
    "504 without a body": Rule("status", rate=TENTH, status=504, body="empty"),
    "429 with seconds": Rule("rate_limited", rate=TENTH, seconds=3),
    "429 with a date": Rule("rate_limited", rate=TENTH, retry_after="date", seconds=3),
    "429 without a word": Rule("rate_limited", rate=TENTH, retry_after="absent"),
    "429 with nonsense": Rule("rate_limited", rate=TENTH, retry_after="soon"),
    "a slow answer": Rule("slow", rate=TENTH, seconds=0.05),
}


@pytest.mark.parametrize("rule", PASSING.values(), ids=PASSING)
def test_one_fault_in_ten_answers_changes_no_digit(house: House, undisturbed: Callable[..., Truth], rule: Rule) -> None:
    house.sandbox.faults.set([rule])

    progress = house.sync(timeout=0.3 if rule.kind == "hold" else 5)

    assert house.sandbox.faults.fired()[0] > 0
    assert progress.failures == []
    assert house.truth() == undisturbed()


@pytest.mark.parametrize("surface", ["accounts", "investors"])
def test_a_mix_of_faults_on_a_tenth_of_all_requests_changes_no_digit(
    house: House, undisturbed: Callable[..., Truth], surface: str
) -> None:
    house.given["surface"] = surface
    each = TENTH / len(PASSING)
    house.sandbox.faults.set([Rule(**{**vars(rule), "rate": each}) for rule in PASSING.values() for _ in range(2)])

    progress = house.sync(timeout=0.3)

    assert sum(house.sandbox.faults.fired().values()) >= 5
    assert progress.failures == []
    assert house.truth() == undisturbed(surface)


def test_two_accounts_that_fail_for_good_are_exactly_what_is_missing_and_what_is_asked_next(
    house: House, undisturbed: Callable[..., Truth]
) -> None:
    failing = house.account_ids(2, 5)
    house.sandbox.faults.set([Rule("status", status=500, account=account) for account in failing])

    progress = house.sync()

    assert {failure.request.account_id for failure in progress.failures} == set(failing)
    assert all("gave up after 6 attempts" in failure.reason for failure in progress.failures)
    roster = ("accounts", "account_enabled_assets", "account_portfolios")  # it lists them, whatever else fails
    landed, whole = house.truth(), undisturbed()
    for table, rows in whole.items():
        if table in roster:
            assert landed[table] == rows
        else:
            without = Counter({row: count for row, count in rows.items() if not set(failing) & set(row)})
            assert landed[table] == without, table

    house.sandbox.faults.clear()
    house.sandbox.requests.clear()
    progress = house.sync()

    assert progress.failures == []
    assert house.asked()
    assert all(any(f"/{account}/" in target for account in failing) for target in house.asked())
    assert max(Counter(house.asked()).values()) == 1
    assert house.truth() == undisturbed()

    house.sandbox.requests.clear()
    house.sync()
    assert house.asked() == ["/v1/accounts"], "a complete night asks for the date alone"


def test_one_question_that_fails_costs_that_answer_alone(house: House, undisturbed: Callable[..., Truth]) -> None:
    (account,) = house.account_ids(0)
    house.sandbox.faults.set([Rule("status", status=503, account=account, endpoint="positions")])

    progress = house.sync()

    (failed,) = progress.failures
    assert (failed.request.endpoint, failed.request.account_id) == ("positions", account)
    whole = undisturbed()
    whole = {**whole, "positions": Counter({row: n for row, n in whole["positions"].items() if account not in row})}
    assert house.truth() == whole


@pytest.mark.parametrize(
    "rule",
    [Rule(kind, seconds=s) for kind, s in [("html", 0), ("truncated", 0), ("gzip", 0), ("cut", 0), ("reset", 0)]]
    + [Rule("hold", seconds=5), Rule("drip", seconds=0.05)],
    ids=lambda rule: rule.kind,
)
def test_an_answer_that_never_becomes_readable_costs_its_account(
    house: House, undisturbed: Callable[..., Truth], rule: Rule
) -> None:
    (account,) = house.account_ids(6)
    house.sandbox.faults.set([Rule(**{**vars(rule), "account": account, "endpoint": "pnl"})])

    progress = house.sync(timeout=0.2)

    assert {failure.request.account_id for failure in progress.failures} == {account}
    assert house.sandbox.faults.fired()[0] == 6
    assert house.truth(without=[account]) == {
        table: Counter({row: n for row, n in rows.items() if account not in row}) for table, rows in undisturbed().items()
    }


def test_an_api_that_gets_slower_and_slower_ends_in_named_failures_and_not_in_a_hanging_night(house: House) -> None:
    house.sandbox.faults.set([Rule("slow", seconds=0, growth=0.01)])

    progress = house.sync(timeout=0.3)

    assert progress.failures
    assert all("Timeout" in failure.reason for failure in progress.failures)
    good = sum(count for (_, outcome), count in house.answers().items() if outcome in ("ok", "absent"))
    assert good > 0, "what came in time has landed"


@pytest.mark.parametrize("rule", [Rule("reset", after=10), Rule("status", after=10, status=502)], ids=["reset", "502"])
def test_an_api_that_dies_in_the_middle_ends_the_night_and_the_next_start_goes_on(
    house: House, undisturbed: Callable[..., Truth], rule: Rule
) -> None:
    house.sandbox.faults.set([rule])

    progress = house.sync()

    assert progress.stopped_by is not None
    assert "has not answered for" in progress.stopped_by
    assert len(progress.failures) >= 20
    landed = house.rows("select count(*) from raw.responses where outcome in ('ok', 'absent')")[0][0]
    assert landed == 10, "what came before has landed"

    house.sandbox.faults.clear()
    house.sandbox.requests.clear()
    assert house.sync().failures == []
    assert house.truth() == undisturbed()


@pytest.mark.parametrize("body", [r'{"code": "half a pair \ud800", "message": "m"}', r'{"message": "half a pair \ud800"}'])
def test_an_error_that_utf8_cannot_carry_costs_its_account_and_not_the_night(house: House, body: str) -> None:
    (account,) = house.account_ids(2)
    house.sandbox.faults.set([Rule("status", status=400, body=body, account=account, endpoint="pnl")])

    progress = house.sync()

    assert [failure.request.account_id for failure in progress.failures] == [account]
    assert house.rows("select concat(error_code, error_message) like '%half a pair \\ud800%' from raw.responses "
                      "where status = 400") == [(True,)]  # fmt: skip


# ----------------------------------------------------------------- waiting as told


@pytest.mark.parametrize(("given", "least", "most"), [("seconds", 7, 7.25), ("date", 7, 7.25), ("absent", 1, 1.25)])
def test_a_pause_that_is_asked_for_is_kept_to_the_second(house: House, given: str, least: float, most: float) -> None:
    house.sandbox.faults.set([Rule("rate_limited", retry_after=given, seconds=7, endpoint="pnl", count=1)])

    assert house.sync().failures == []

    # The pause holds for whoever sends next, too: less what has passed of it.
    assert most >= max(house.warp.slept) >= least
    assert all(seconds <= most for seconds in house.warp.slept)


def test_a_pause_holds_for_every_request_and_not_for_the_one_that_was_told(house: House) -> None:
    house.sandbox.faults.set([Rule("rate_limited", seconds=50, endpoint="pnl", count=1)])

    assert house.sync().failures == []

    assert sum(seconds > 40 for seconds in house.warp.slept) > 1


@pytest.mark.parametrize("told", ["absurd", "Fri, 31 Dec 2032 23:59:59 GMT"], ids=["an hour", "a date ten years on"])
def test_an_absurd_pause_fails_the_account_and_holds_up_nobody(
    house: House, undisturbed: Callable[..., Truth], told: str
) -> None:
    (account,) = house.account_ids(3)
    house.sandbox.faults.set([Rule("rate_limited", retry_after=told, account=account)])

    progress = house.sync()

    assert {failure.request.account_id for failure in progress.failures} == {account}
    assert all("longer than the 300 s a sync waits" in failure.reason for failure in progress.failures)
    assert house.warp.slept == []
    assert max(Counter(house.asked()).values()) == 1
    whole = undisturbed()
    assert house.truth()["positions"] == Counter({row: n for row, n in whole["positions"].items() if account not in row})


def test_a_storm_of_429_ends_in_a_named_failure(house: House) -> None:
    (account,) = house.account_ids(3)
    house.sandbox.faults.set([Rule("rate_limited", account=account, endpoint="positions")])

    progress = house.sync()

    assert [failure.request.endpoint for failure in progress.failures] == ["positions"]
    assert "gave up after 20 attempts" in progress.failures[0].reason


# ----------------------------------------------------------------- answers that say no


def test_credentials_refused_in_the_middle_stop_at_once_and_what_landed_stays(
    house: House, undisturbed: Callable[..., Truth]
) -> None:
    house.sandbox.faults.set([Rule("unauthorized", after=20)])

    progress = house.sync()

    assert progress.stopped_by is not None
    assert "refused" in progress.stopped_by
    refused = sum(entry.status == 401 for entry in house.sandbox.requests.entries)
    assert 0 < refused <= 8, "no more than were on their way"
    assert sum(outcome in ("ok", "absent") for (_, outcome) in house.rows("select 1, outcome from raw.responses")) == 20

    house.sandbox.faults.clear()
    answered = Counter(
        asked for asked, entry in zip(house.asked(), house.sandbox.requests.entries, strict=True) if entry.status != 401
    )
    house.sandbox.requests.clear()
    assert house.sync().failures == []
    assert not answered & Counter(house.asked()), "what had landed was not asked again"
    assert house.truth() == undisturbed()


def test_wrong_credentials_from_the_start_write_nothing(house: House) -> None:
    with pytest.raises(Unauthorized, match="refuses the credentials"):
        house.sync(BLUUM_API_SECRET="wrong")
    assert not house.warehouse.exists()


def test_an_api_that_nobody_serves_writes_nothing(house: House) -> None:
    house.sandbox.refuse(60)
    with pytest.raises(Unreachable, match="no answer from"):
        house.sync()
    assert not house.warehouse.exists()


@pytest.mark.parametrize("frame", ["envelope", "flat"])
def test_a_forbidden_answer_fails_its_account_without_asking_again(house: House, frame: str) -> None:
    (account,) = house.account_ids(1)
    house.sandbox.faults.set([Rule("forbidden", frame=frame, account=account, endpoint="pnl")])

    progress = house.sync()

    assert [(failure.request.endpoint, failure.request.account_id) for failure in progress.failures] == [("pnl", account)]
    assert "may not read" in progress.failures[0].reason
    assert house.sandbox.faults.fired()[0] == 1


def test_a_product_that_is_not_switched_on_is_an_answer(house: House) -> None:
    house.sandbox.faults.set([Rule("forbidden", frame="product", endpoint="pnl")])

    assert house.sync().failures == []
    assert house.answers()["pnl", "disabled"] == 8

    house.sandbox.requests.clear()
    house.sync()
    assert house.asked() == ["/v1/accounts"]


@pytest.mark.parametrize("kind", ["not_found", "no_content"])
def test_an_account_that_has_just_gone_is_absent_and_not_a_failure(house: House, kind: str) -> None:
    (account,) = house.account_ids(4)
    house.sandbox.faults.set([Rule(kind, account=account)])

    assert house.sync().failures == []

    assert house.rows("select distinct outcome from raw.responses where account_id = ?", account) == [("absent",)]
    house.sandbox.requests.clear()
    house.sync()
    assert house.asked() == ["/v1/accounts"]


# ----------------------------------------------------------------- lists that do not add up


@pytest.fixture
def paged(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """The investor surface of a server that gives three items a page, whatever limit is asked for."""
    monkeypatch.setattr(sandbox_params, "MAX_LIMIT", 3)
    house.given["surface"] = "investors"
    return house


def test_small_pages_put_together_are_the_whole(paged: House, undisturbed: Callable[..., Truth]) -> None:
    assert paged.sync().failures == []
    assert paged.truth() == undisturbed("investors")


@pytest.mark.parametrize("endpoint", ["investors", "positions"])
def test_a_list_that_never_says_it_ends_ends_at_its_last_item(
    paged: House, undisturbed: Callable[..., Truth], endpoint: str
) -> None:
    paged.sandbox.faults.set([Rule("endless", endpoint=endpoint, count=300)])
    assert paged.sync().failures == []
    assert paged.sandbox.faults.fired()[0] < 100, "somebody believed it"
    assert paged.truth() == undisturbed("investors")


@pytest.mark.parametrize(
    "rule",
    [Rule("repeat"), Rule("shift", shift=-1), Rule("shift", shift=1), Rule("shift", shift=-2)],
    ids=["a page comes again", "an item was inserted", "an item was removed", "two were inserted"],
)
@pytest.mark.parametrize("endpoint", ["investors", "positions"])
def test_a_list_that_moves_while_it_is_read_is_read_again(
    paged: House, undisturbed: Callable[..., Truth], rule: Rule, endpoint: str
) -> None:
    paged.sandbox.faults.set([Rule(**{**vars(rule), "endpoint": endpoint, "path": "offset=[1-9]", "count": 1})])

    assert paged.sync().failures == []

    assert paged.sandbox.faults.fired()[0] == 1
    assert paged.truth() == undisturbed("investors")


def test_an_item_that_stands_twice_for_good_costs_that_item_alone(paged: House) -> None:
    accounts = paged.sandbox.world.accounts
    again = 1 if len(accounts) % 2 else 2  # pages of three go on by two: the last has nothing but what came before
    paged.sandbox.world.accounts = (*accounts, *accounts[:again])

    progress = paged.sync()

    assert progress.failures == []
    said = paged.rows("select reason, count(*) from raw.quarantine where table_name = 'accounts' group by all")
    assert said == [("account_id stands twice in one answer", again)]
    assert paged.rows("select count(distinct account_id) = count(*) from raw.accounts") == [(True,)]


def test_a_list_that_never_stands_still_costs_its_account(paged: House) -> None:
    (account,) = paged.account_ids(0)
    paged.sandbox.faults.set([Rule("shift", shift=1, account=account, endpoint="positions", path="offset=[1-9]")])

    progress = paged.sync()

    assert [(failure.request.account_id, str(failure.outcome)) for failure in progress.failures] == [(account, "rejected")]
    assert paged.sandbox.faults.fired()[0] <= 4


# ----------------------------------------------------------------- rosters not to be believed


@pytest.mark.parametrize("surface", ["accounts", "investors"])
def test_an_empty_roster_after_a_full_one_stops_the_night(house: House, surface: str) -> None:
    house.given["surface"] = surface
    house.sync()
    night = house.next_night()
    house.sandbox.faults.set([Rule("empty_roster")])

    with pytest.raises(RosterRefused, match="from 8 to 0 accounts"):
        house.sync()

    assert len(house.asked()) == 1, "no account was asked"
    assert house.rows("select count(*) from raw.accounts where as_of_date = ?", night) == [(0,)]
    assert house.answers()["accounts", "rejected"] == 1
    house.sandbox.faults.clear()
    assert house.sync().failures == []


def test_a_roster_may_lose_half_and_no_more(house: House) -> None:
    house.sync()
    house.next_night()
    house.sandbox.faults.set([Rule("remove", endpoint="accounts", pointer="/0") for _ in range(5)])
    with pytest.raises(RosterRefused, match="from 8 to 3 accounts"):
        house.sync()

    house.sandbox.faults.set([Rule("remove", endpoint="accounts", pointer="/0") for _ in range(4)])
    assert house.sync().failures == []


def test_a_refused_roster_is_not_what_the_next_one_is_measured_by(house: House) -> None:
    house.sync()
    for _ in range(2):
        house.next_night()
        house.sandbox.faults.set([Rule("empty_roster")])
        with pytest.raises(RosterRefused, match="from 8 to 0 accounts"):
            house.sync()


@pytest.mark.parametrize(
    "rule",
    [
        Rule("not_found"),
        Rule("no_content"),
        Rule("forbidden"),
        Rule("status", status=500),
        Rule("html"),
        Rule("replace", raw='{"data": 7}'),
    ],
    ids=lambda rule: rule.kind,
)
def test_no_night_without_a_roster(house: House, rule: Rule) -> None:
    house.sandbox.faults.set([Rule(**{**vars(rule), "endpoint": "accounts"})])
    with pytest.raises(RosterRefused):
        house.sync()
    assert set(house.asked()) == {"/v1/accounts"}


def test_no_accounts_at_all_is_a_complete_and_empty_night(tmp_path: Any) -> None:
    with running(Options(accounts=0, rate_limit=0)) as sandbox:
        house = House(sandbox, tmp_path / "data")
        assert house.sync().failures == []
        assert house.rows("select outcome, row_count from raw.responses") == [("ok", 0)]
