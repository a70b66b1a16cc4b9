"""The torture set: one night of values that no API should send, from HTTP through the raw tables to the marts.

What can be read exactly lands digit for digit, in raw and in the marts. What cannot lies in raw.quarantine with its account,
endpoint, field, reason and payload. Its neighbours in the same answer land either way.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from helpers.faulty import running
from helpers.faulty.rules import Rule
from helpers.house import House
from helpers.sql_warehouse import Dbt

from sandbox.server import Options


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


# Field of a position, the JSON text that stands in it, and the value that must come out.
READABLE: list[tuple[str, str, Any]] = [
    ("quantity", '"12345678901234567890.123456789012345678"', Decimal("12345678901234567890.123456789012345678")),
    ("quantity", '"0.000000000000000001"', Decimal("0.000000000000000001")),
    ("quantity", '"-99999999999999999999.999999999999999999"', Decimal("-99999999999999999999.999999999999999999")),
    ("quantity", '"1.500000000000000000000000"', Decimal("1.5")),
    ("quantity", '"1.5e3"', Decimal("1500")),
    ("quantity", '"-2.5E-17"', Decimal("-0.000000000000000025")),
    ("quantity", '"+7"', Decimal("7")),
    ("quantity", '"-0"', Decimal("0")),
    ("quantity", "-0.00", Decimal("0")),
    ("quantity", "null", None),
    ("current_price", "0.1", Decimal("0.1")),
    ("current_price", "12345678901234567.123456789012345678", Decimal("12345678901234567.123456789012345678")),
    ("current_price", "1E+5", Decimal("100000")),
    ("market_value", '"99999999999999999999999999999.999999999"', Decimal("99999999999999999999999999999.999999999")),
    ("market_value", "9007199254740993", Decimal("9007199254740993")),
    ("unrealized_pl", '"-0.000000001"', Decimal("-0.000000001")),
    ("unrealized_pl_percent", '"-100"', Decimal("-100")),
    ("symbol", "12345", "12345"),
    ("symbol", '"a\'b\\"c/d\\u2028 \\ud83d\\ude80"', "a'b\"c/d\u2028 🚀"),
    ("symbol", '"  "', "  "),
    ("price_confidence", '"NEVER_HEARD_OF"', "NEVER_HEARD_OF"),
    ("price_source", '""', ""),
    ("price_timestamp", '"2022-06-15T20:00:00Z"', utc(2022, 6, 15, 20)),
    ("price_timestamp", '"2022-06-15T20:00:00.5"', utc(2022, 6, 15, 20, 0, 0, 500_000)),
    ("price_timestamp", '"2022-06-15T20:00:00.123456+05:30"', utc(2022, 6, 15, 14, 30, 0, 123_456)),
    ("price_timestamp", '"2022-06-15 20:00:00"', utc(2022, 6, 15, 20)),
    ("price_timestamp", '"0001-01-01T00:00:00Z"', utc(1, 1, 1)),
    ("price_timestamp", '"9999-12-31T23:59:59.999999Z"', utc(9999, 12, 31, 23, 59, 59, 999_999)),
]  # fmt: skip

# Field, JSON text, and words of the reason it must be quarantined for. Field "" replaces the whole position.
UNREADABLE: list[tuple[str, str, str]] = [
    ("quantity", '"0.0000000000000000001"', "19 decimals"),
    ("quantity", '"123456789012345678901"', "21 digits before the point"),
    ("quantity", "123456789012345678901234567890123456789012345678901234567890", "60 digits before the point"),
    ("quantity", '"1e400000"', "digits before the point"),
    ("quantity", "1e400000", "digits before the point"),
    ("quantity", '"NaN"', "not a decimal number"),
    ("quantity", "NaN", "not a decimal number"),
    ("quantity", '"Infinity"', "not a decimal number"),
    ("quantity", "-Infinity", "not a decimal number"),
    ("quantity", '""', "empty text is not a number"),
    ("quantity", '"   "', "not a decimal number"),
    ("quantity", '" 1"', "not a decimal number"),
    ("quantity", '"1,234.5"', "not a decimal number"),
    ("quantity", '"1_000"', "not a decimal number"),
    ("quantity", '"\\u0661\\u0662"', "not a decimal number"),
    ("quantity", '"0x10"', "not a decimal number"),
    ("quantity", "true", "got a boolean"),
    ("quantity", "[1]", "got a list"),
    ("quantity", '{"amount": "5"}', "got an object"),
    ("market_value", '"0.0000000001"', "10 decimals"),
    ("market_value", "0.12345678901", "11 decimals"),
    ("market_value", '"100000000000000000000000000000"', "30 digits before the point"),
    ("symbol", '{"ticker": "VTI"}', "expected text"),
    ("symbol", '"\\ud83d"', "surrogate"),
    ("price_timestamp", '"yesterday"', "not an ISO 8601 timestamp"),
    ("price_timestamp", '"2022-02-30T00:00:00Z"', "no such instant"),
    ("price_timestamp", '"2022-06-15T20:00:00.1234567Z"', "finer than a microsecond"),
    ("price_timestamp", '"0000-01-01T00:00:00Z"', "no such instant"),
    ("price_timestamp", '"9999-12-31T23:59:59-01:00"', "no such instant"),
    ("price_timestamp", "1655323200", "not an ISO 8601 timestamp"),
    ("id", "null", "missing"),
    ("id", '["p"]', "expected text"),
    ("", "null", "expected an object"),
    ("", '"a position"', "expected an object"),
    ("", "7", "expected an object"),
    ("", "[]", "expected an object"),
    ("", "{}", "missing"),
]  # fmt: skip

ODD_IDS = [
    'it\'s "quoted" `here`',
    "a/b/../c\\d",
    "rocket 🚀 é",
    "?x=1&y=2#z",
    "50% off%2F;,",
    "..",
    "x" * 300,
    "'; drop table raw.positions; --",
]

_TORTURED = 24  # accounts whose positions are spoilt; those after them get the odd ids


@dataclass
class World:
    """The night, and where each torture went: (account id, position's place in the answer)."""

    house: House
    readable: list[tuple[str, int]] = field(default_factory=list)
    unreadable: list[tuple[str, int]] = field(default_factory=list)
    untouched: dict[str, set[str]] = field(default_factory=dict)  # ids of the positions left alone, by account
    ids: dict[tuple[str, int], str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One night with everything in it, and the marts made of it."""
    with running(Options(accounts=32, rate_limit=0, stale_one_in=0)) as sandbox:
        house = House(sandbox, tmp_path_factory.mktemp("torture"))
        for account, name in zip(sandbox.world.accounts[_TORTURED:], ODD_IDS, strict=False):
            sandbox.world.rename(account.account_id, name)
            for portfolio in account.portfolios:
                sandbox.world.rename(portfolio.portfolio_id, f"{name}{portfolio.sleeve or ''}")
            held = sandbox.ledger.positions(sandbox.world.accounts[account.number].account_id, sandbox.clock.market_date())
            if held and not account.old_style:
                sandbox.world.rename(held[0].position_id, name)
        world = World(house)
        sandbox.faults.set(_rules(world))
        progress = house.sync()
        assert progress.failures == []
        Dbt(house.data_dir / "dbt").build(house.warehouse)
        yield world


def _rules(world: World) -> Iterator[Rule]:
    sandbox = world.house.sandbox
    places = []
    day = sandbox.clock.market_date()
    for account in sandbox.world.accounts[:_TORTURED]:
        held = [] if account.old_style else sandbox.ledger.positions(account.account_id, day)
        world.untouched[account.account_id] = {row.position_id for row in held}
        # Two of three, so that each has a neighbour that nobody touches.
        places += [(account.account_id, number) for number in range(len(held)) if number % 3]
        world.ids.update({(account.account_id, number): row.position_id for number, row in enumerate(held)})
    for name, raw, _ in READABLE:
        world.readable.append(place := places.pop(0))
        yield _rule(world, place, name, raw)
    for name, raw, _ in UNREADABLE:
        if not places:
            raise AssertionError("the world has too few positions for the torture set")
        world.unreadable.append(place := places.pop(0))
        yield _rule(world, place, name, raw)


def _rule(world: World, place: tuple[str, int], name: str, raw: str) -> Rule:
    account, number = place
    world.untouched[account].discard(world.ids[place])
    return Rule(
        "replace" if not name else "add",
        account=account,
        endpoint="positions",
        path="/positions\\?",
        pointer=f"/{number}" + (f"/{name}" if name else ""),
        raw=raw,
    )


def _cases(table: list[Any]) -> Any:
    return pytest.mark.parametrize("number", range(len(table)), ids=[f"{row[0]} {row[1]}"[:60] for row in table])


@_cases(READABLE)
def test_what_can_be_read_exactly_lands_digit_for_digit(world: World, number: int) -> None:
    column, _, value = READABLE[number]
    account, place = world.readable[number]
    where = (account, world.ids[account, place])
    assert world.house.rows(f"select {column} from raw.positions where account_id = ? and position_id = ?", *where) == [
        (value,)
    ]
    mart = f"select {column} from marts.positions_daily where account_id = ? and position_id = ?"
    assert world.house.rows(mart, *where) == [(value,)]


@_cases(UNREADABLE)
def test_what_cannot_be_read_exactly_is_quarantined_with_its_reason(world: World, number: int) -> None:
    name, raw, reason = UNREADABLE[number]
    account, place = world.unreadable[number]
    position = world.ids[account, place]
    found = world.house.rows(
        "select endpoint, table_name, field, reason, payload from raw.quarantine where account_id = ? and reason like ?",
        account, f"%{reason}%",
    )  # fmt: skip
    candidates = [row for row in found if row[2] == (name or row[2]) and (name in ("", "id") or position in row[4])]
    assert candidates, f"{name} = {raw} is not in quarantine: {found}"
    assert all(row[:2] == ("positions", "positions") for row in candidates)
    if name not in ("", "id"):
        kept = json.loads(candidates[0][4], parse_float=str, parse_int=str, parse_constant=str)
        assert kept["id"] == position
    assert world.house.rows("select 1 from raw.positions where account_id = ? and position_id = ?", account, position) == []
    mart = "select 1 from marts.positions_daily where account_id = ? and position_id = ?"
    assert world.house.rows(mart, account, position) == []


def test_as_much_is_quarantined_as_was_spoilt_and_not_a_row_more(world: World) -> None:
    found = world.house.rows("select account_id, endpoint, table_name, field, value from raw.quarantine order by all")
    assert len(found) == len(UNREADABLE), found
    assert world.house.rows("select sum(quarantined_rows) from marts.sync_coverage_daily") == [(len(UNREADABLE),)]


def test_the_neighbours_of_a_bad_row_land(world: World) -> None:
    for account, expected in world.untouched.items():
        for table in ("raw.positions", "marts.positions_daily"):
            landed = {
                position
                for (position,) in world.house.rows(f"select position_id from {table} where account_id = ?", account)
            }
            assert expected <= landed, (account, table)


@pytest.mark.parametrize("number", range(len(ODD_IDS)), ids=[name[:20] for name in ODD_IDS])
def test_an_odd_id_is_asked_and_lands_letter_by_letter(world: World, number: int) -> None:
    account = world.house.sandbox.world.accounts[_TORTURED + number]
    assert account.account_id == ODD_IDS[number]
    outcomes = world.house.rows("select distinct outcome from raw.responses where account_id = ?", account.account_id)
    assert ("ok",) in outcomes
    assert {outcome for (outcome,) in outcomes} <= {"ok", "absent"}
    known = world.house.rows("select count(*) from marts.accounts where account_id = ?", account.account_id)
    assert known == [(1,)]
    for portfolio in account.portfolios:
        rebalanced = "select count(*) > 0 from marts.allocation_drift_daily where account_id = ? and portfolio_id = ?"
        assert world.house.rows(rebalanced, account.account_id, portfolio.portfolio_id) == [(True,)]
    sandbox = world.house.sandbox
    held = {
        row.position_uuid if account.old_style else row.position_id
        for row in sandbox.ledger.positions(account.account_id, sandbox.clock.market_date())
    }
    landed = world.house.rows("select position_id from marts.positions_daily where account_id = ?", account.account_id)
    assert {position for (position,) in landed} == held


# ----------------------------------------------------------------- other answers than positions


@pytest.fixture
def asked(house: House) -> House:
    """Eight accounts; the test sets its faults and syncs."""
    return house


def test_an_id_that_comes_twice_in_one_answer_lands_once(asked: House) -> None:
    (account,) = asked.account_ids(0)
    day = asked.sandbox.clock.market_date()
    first = asked.sandbox.ledger.positions(account, day)[0].position_id
    asked.sandbox.faults.set(
        [Rule("replace", endpoint="positions", account=account, pointer="/1/id", raw=json.dumps(first))]
    )

    assert asked.sync().quarantined == 1

    listed = """
        select count(*) from raw.positions join raw.responses using (response_id, account_id)
        where endpoint = 'positions' and account_id = ? and position_id = ?
    """
    assert asked.rows(listed, account, first) == [(1,)]
    assert asked.rows("select field, reason from raw.quarantine") == [
        ("position_id", "position_id stands twice in one answer")
    ]


def test_an_unknown_asset_class_is_a_row_like_any_other(asked: House) -> None:
    (account,) = asked.account_ids(0)
    raw = '{"target": "0.10", "actual": "1.123456789", "drift": "1.023456789"}'
    asked.sandbox.faults.set(
        [Rule("add", endpoint="rebalancing", account=account, pointer="/current_allocation/moon dust", raw=raw)]
    )

    assert asked.sync().quarantined == 0

    found = "select target, actual, drift from raw.rebalancing_allocations where asset_class = 'moon dust'"
    assert asked.rows(found) == [(Decimal("0.10"), Decimal("1.123456789"), Decimal("1.023456789"))]


def test_a_member_nobody_knows_is_reported_and_its_value_is_not_lost(asked: House) -> None:
    (account,) = asked.account_ids(0)
    raw = '{"deep": [1.10, "x"]}'
    asked.sandbox.faults.set([Rule("add", endpoint="positions", account=account, pointer="/0/esg_score", raw=raw)])

    assert asked.sync().quarantined == 0

    assert asked.rows("select endpoint, table_name, field from raw.new_fields") == [("positions", "positions", "esg_score")]
    (body,) = asked.rows("select body from raw.responses where endpoint = 'positions' and account_id = ?", account)[0]
    assert '"esg_score":{"deep":[1.10,"x"]}' in body.replace(" ", "")


@pytest.mark.parametrize(
    ("endpoint", "pointer", "raw", "table", "field_name", "reason"),
    [
        ("pnl", "/summary", '"n/a"', "pnl_reports", "summary.total_pnl", "expected an object around"),
        ("pnl", "/summary/total_pnl", '"1,000.00"', "pnl_reports", "summary.total_pnl", "not a decimal"),
        ("pnl", "/by_position", '{"VTI": "1"}', "pnl_by_position", "by_position", "expected a list"),
        ("pnl", "/by_position/0/realized_pnl", "[]", "pnl_by_position", "realized_pnl", "got a list"),
        ("rebalancing", "/current_allocation", "[]", "rebalancing_allocations", "current_allocation", "expected an object"),
        (
            "rebalancing",
            "/tax_impact/harvestable_losses",
            '"none"',
            "rebalancing",
            "tax_impact.harvestable_losses",
            "not a decimal",
        ),
        ("investment_policy", "/version", '"2.5"', "policy_versions", "version", "not a whole number"),
        (
            "investment_policy",
            "/risk_profile",
            "[]",
            "policy_versions",
            "risk_profile.risk_tolerance",
            "expected an object around",
        ),
        ("investment_policy", "/effective_date", '"2022-13-01"', "policy_versions", "effective_date", "no such day"),
        ("portfolios", "/portfolios/0/portfolio_id", "null", "portfolios", "portfolio_id", "missing"),
        ("accounts", "/0/balance", '"lots"', "accounts", "balance", "not a decimal"),
    ],
)
def test_a_field_that_changes_its_type_costs_its_row_and_no_more(
    asked: House, undisturbed: Any, endpoint: str, pointer: str, raw: str, table: str, field_name: str, reason: str
) -> None:
    (account,) = asked.account_ids(0)
    which = {} if endpoint == "accounts" else {"account": account}
    asked.sandbox.faults.set([Rule("replace", endpoint=endpoint, pointer=pointer, raw=raw, **which)])

    progress = asked.sync()

    assert progress.failures == []
    assert progress.quarantined >= 1
    found = asked.rows("select table_name, field from raw.quarantine where reason like ?", f"%{reason}%")
    assert (table, field_name) in found
    # Tables that the spoilt member does not feed are whole, and so is every other account.
    landed, whole = asked.truth(without=[account]), undisturbed()
    for name, rows in whole.items():
        others = {row: count for row, count in rows.items() if account not in row}
        assert {row: count for row, count in landed[name].items() if account not in row} == others, name
