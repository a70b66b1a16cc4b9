"""A row that waits in quarantine leaves what is read of its answer a part: of a part nothing is said as of the whole."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from helpers.sql_warehouse import Dbt, Night, create_raw, rows

D = Decimal
FIRST, SECOND = date(2026, 3, 2), date(2026, 3, 3)
BANDS = {"equities": ("40", "50", "60"), "bonds": ("30", "48", "60"), "gold": ("0", "2", "5")}
POSITION = {"currency": "USD", "quantity": "1", "current_price": "40", "market_value": "40"}


@pytest.fixture(scope="module")
def path(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """On the second night the equities of p, a position of b and a class of c's new policy could not be read.

    The night before, p's equities are far out of their band, and all of b and c could be read.
    """
    path = tmp_path_factory.mktemp("quarantine") / "warehouse.duckdb"
    create_raw(path)
    first, second = Night(FIRST, "1.5"), Night(SECOND, "2.5")
    for night in (first, second):
        roster = [{"account_id": account, "currency": "USD", "balance": "10", "status": "ACTIVE"} for account in "abc"]
        night.ask("accounts", accounts=roster)
        night.ask("portfolios", "a", portfolios=[{"portfolio_id": "p"}])
        night.ask("portfolios", "b", outcome="absent")
        night.ask("portfolios", "c", portfolios=[{"portfolio_id": "q"}])
    for account in "ab":
        first.policy(account, 1, date(2026, 1, 1), BANDS, terms={"excluded_securities": ["GE"]})
    first.policy("c", 1, date(2026, 1, 1), BANDS)
    unread = second.policy("c", 2, SECOND, {"bonds": BANDS["bonds"]})
    _quarantine(second, unread, "c", "policy_targets")

    first.drift("a", "p", {"equities": ("50", "70"), "bonds": ("50", "30")})
    unread = second.drift("a", "p", {"bonds": ("50", "52")})
    _quarantine(second, unread, "a", "rebalancing_allocations")
    for night in (first, second):
        night.drift("c", "q", {"equities": ("50", "50"), "bonds": ("50", "50")})

    both = [{**POSITION, "position_id": "1", "symbol": "VTI"}, {**POSITION, "position_id": "2", "symbol": "BND"}]
    first.ask("positions", "b", positions=both)
    unread = second.ask("positions", "b", positions=both[:1])
    _quarantine(second, unread, "b", "positions")
    for night in (first, second):
        night.load(path)
    dbt.build(path)
    return path


def _quarantine(night: Night, response_id: str, account: str, table: str) -> None:
    night.add("quarantine", response_id, {"account_id": account, "table_name": table, "reason": "not a number"})


def _verdicts(path: Path, account: str, rule: str) -> list[tuple[object, ...]]:
    return rows(
        path,
        "select as_of_date, subject, verdict, unknown_reason from marts.compliance_daily"
        f" where account_id = '{account}' and rule = '{rule}' order by all",
    )


def test_a_part_of_an_analysis_is_within_no_threshold_and_has_no_sums(path: Path) -> None:
    assert _verdicts(path, "a", "threshold") == [
        (FIRST, None, "outside", None),
        (SECOND, None, "unknown", "class_unknown"),
    ]
    drift = "select max_abs_drift_percent, one_way_turnover_percent, turnover_into_bands_percent, classes_outside_band"
    whole, part = rows(path, f"{drift} from marts.portfolio_drift_daily where portfolio_id = 'p' order by as_of_date")
    assert whole == (D(20), D(20), D(10), 1)
    assert part == (None, None, None, None)


def test_a_class_that_could_not_be_read_is_not_lost(path: Path) -> None:
    found = (
        "select asset_class, breach_kind, outcome from marts.drift_episodes{} where asset_class = 'equities' order by all"
    )
    expected = [("equities", "band", "open"), ("equities", "threshold", "open")]
    assert rows(path, found.format("")) == rows(path, found.format("_as_of(now())")) == expected
    assert rows(path, "select is_complete from marts.account_nights where account_id = 'a' order by as_of_date") == [
        (True,),
        (False,),
    ]


def test_a_policy_that_was_read_in_part_may_name_what_it_seems_not_to(path: Path) -> None:
    assert _verdicts(path, "c", "off_policy") == [
        (FIRST, None, "inside", None),
        (SECOND, None, "unknown", "class_unknown"),
    ]
    assert rows(
        path, "select off_policy_percent from marts.portfolio_drift_daily where portfolio_id = 'q' order by as_of_date"
    ) == [
        (D(0),),
        (None,),
    ]


def test_a_part_of_a_list_is_no_whole_and_may_hold_what_is_excluded(path: Path) -> None:
    assert _verdicts(path, "b", "excluded_security")[1][2:] == ("unknown", "no_holdings")
    book = "select equity, unknown_reason from marts.account_book_daily where account_id = 'b' order by as_of_date"
    assert rows(path, book) == [(D(90), "first_night"), (None, "quarantined")]
    weights = "select weight_percent from marts.positions_daily where account_id = 'b' order by as_of_date, position_id"
    assert rows(path, weights) == [(D(50),), (D(50),), (None,)]
