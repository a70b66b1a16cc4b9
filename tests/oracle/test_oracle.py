"""The second road: every mart computed from the sandbox's ledger must be what the pipeline and the SQL make of its answers.

One history for all tests: sixty-odd nights of 24 accounts over loopback, each night synced, then built at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest
from helpers.keys import foreign_keys
from helpers.sql_warehouse import Dbt
from oracle.compare import Grain, Mart, Row, differences, read_mart
from oracle.marts import MARTS
from oracle.observed import Observed
from oracle.played import playing

from reading import Marts
from reading.tour import TOUR

pytestmark = pytest.mark.xdist_group("oracle")  # one worker plays the history for all of them


@dataclass(frozen=True)
class Built:
    observed: Observed
    warehouse: Path
    _expected: dict[str, Mart] = field(default_factory=dict)

    def expected(self, mart: str) -> Mart:
        """What the ledger says the mart holds; worked out once."""
        if mart not in self._expected:
            compute = next(compute for grain, compute in MARTS.items() if grain.mart == mart)
            self._expected[mart] = compute(self.observed)
        return self._expected[mart]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    folder = tmp_path_factory.mktemp("oracle")
    with playing(folder / "data") as played:
        warehouse = folder / "data" / "warehouse.duckdb"
        Dbt(folder / "target").run(warehouse)
        yield Built(Observed(played), warehouse)


@pytest.mark.parametrize("grain", MARTS, ids=lambda grain: grain.mart)
def test_mart_is_what_the_ledger_says(grain: Grain, built: Built) -> None:
    difference = differences(grain, built.expected(grain.mart), read_mart(built.warehouse, grain))
    assert not difference.found, f"\n{difference}"


def test_history_holds_what_the_marts_are_about(built: Built) -> None:
    """An oracle that agrees on nothing proves nothing: each kind of event leaves rows behind."""
    observed = built.observed

    def rows(mart: str) -> list[Row]:
        return list(built.expected(mart).values())

    assert len(observed.days) >= 64
    assert len(observed.accounts) >= 24
    found = rows("drift_episodes")
    assert {row["direction"] for row in found} == {"over", "under"}
    assert any(row["nights_missing"] for row in found)
    assert any(row["ended_on"] is None for row in found)
    assert any(row["is_left_censored"] for row in found)
    assert any(row["policy_version_at_start"] != row["policy_version_at_end"] for row in found)
    assert any(row["relative_drift_percent"] is None for row in rows("allocation_drift_daily"))
    assert any(row["is_outside_band"] is None for row in rows("allocation_drift_daily"))
    assert any(row["effective_from"] == row["effective_to"] for row in rows("policy_versions"))
    assert {row["status"] for row in rows("accounts")} >= {"ACTIVE", "CLOSED", "SUSPENDED"}
    assert {row["currency"] for row in rows("positions_daily")} == {"USD", "EUR", "NGN"}
    assert any(row["days_covered"] is None for row in rows("pnl_daily"))
    assert any(row["is_itd_restated"] for row in rows("pnl_daily"))
    assert any(row["is_mixed_vintage"] for row in rows("pnl_daily"))
    assert any(row["is_day_restated"] and not row["is_itd_restated"] for row in rows("pnl_daily"))
    assert {row["outcome"] for row in found} == {"open", "ended"}
    assert any(row["policy_version"] != row["policy_version_then"] for row in rows("allocation_drift_daily"))
    assert any(row["rebalancing_outcome"] == "not_asked" for row in rows("account_nights"))
    assert any(row["is_complete"] for row in rows("pnl_periods"))
    bridge = rows("pnl_bridge")
    assert {row["line"] for row in bridge} >= {"opening", "residual", "closing", "not_told"}
    assert any(row["item"] not in (None, "(unattributed)") for row in bridge)
    assert not all(row["is_complete"] for row in rows("sync_coverage_daily"))
    assert any(row["rate_limited"] for row in rows("sync_coverage_daily"))
    moved = rows("drift_causes_daily")
    assert all(any(row[f"{cause}_points"] for row in moved) for cause in ("market", "trades", "flows", "policy"))
    assert {row["unknown_reason"] for row in moved} >= {None, "first_night", "no_holdings"}
    assert {row["outcome"] for row in rows("rebalancing_trade_outcomes")} == {
        "done",
        "partly",
        "not_done",
        "open",
        "unknown",
    }
    worth = rows("account_book_daily")
    assert any(row["reported_flow"] and row["flow_difference"] == 0 for row in worth)
    assert any(row["sessions_missing"] for row in worth)
    judged = rows("compliance_daily")
    assert {row["verdict"] for row in judged} == {"inside", "outside", "unknown"}
    assert any(row["verdict"] != row["verdict_then"] for row in judged)
    assert {row["unknown_reason"] for row in judged} >= {"no_policy", "no_analysis", "not_ruled", "no_portfolio"}
    assert any(row["median_sessions_to_remedy"] for row in rows("compliance_periods"))
    assert any(row["tax_cost"] for row in rows("tax_daily"))
    assert built.expected("restatements")
    assert built.expected("reconciliation_daily")


@pytest.mark.parametrize("name", TOUR)
def test_every_question_of_the_demo_has_an_answer(name: str, built: Built) -> None:
    assert Marts(built.warehouse).ask(name).rows()


@pytest.mark.parametrize("mart", ["positions_daily", "allocation_drift_daily", "pnl_daily"])
def test_every_row_leads_to_the_answer_it_was_read_from(mart: str, built: Built) -> None:
    about = "json_extract_string(answer.params, '$.end_date')" if mart == "pnl_daily" else "answer.as_of_date"
    query = f"""
        select count(*) from marts.{mart} as mart
        left join raw.responses as answer using (response_id)
        where answer.outcome is distinct from 'ok' or answer.account_id is distinct from mart.account_id
            or cast({about} as date) is distinct from mart.as_of_date
    """
    with duckdb.connect(str(built.warehouse), read_only=True) as connection:
        assert connection.execute(query).fetchone() == (0,)


def test_every_key_that_leads_to_another_table_finds_its_row_there(built: Built) -> None:
    with duckdb.connect(str(built.warehouse), read_only=True) as connection:
        lost = {key: connection.execute(key.orphans).fetchmany(3) for key in foreign_keys()}
    assert {key: rows for key, rows in lost.items() if rows} == {}
