"""Building night by night gives, row for row, what one full refresh gives."""

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from helpers.sql_history import History
from helpers.sql_warehouse import Dbt, Night, create_raw, marts_side_by_side, rows

EVENTS = {
    "a report is restated": "from marts.restatements",
    "a missed night is filled later": "from intermediate.int_pnl_reports_ranked where asked_on > as_of_date",
    "a report is withdrawn": "from intermediate.int_pnl_reports_ranked where is_current and not has_report",
    "a late version leaves an earlier one no day": "from marts.policy_versions where effective_from = effective_to",
    "a version is known from the history only": "from marts.policy_versions where status is null",
    "targets are read after their answer": "from raw.policy_targets join raw.responses using (response_id)"
    " where policy_targets._dlt_load_id <> responses._dlt_load_id",
    "an episode runs over a missing night": "from marts.drift_episodes where nights_missing > 0",
}


@pytest.mark.parametrize("seed", [13])  # one that has all of EVENTS; any other should do as well
def test_nightly_builds_equal_a_full_refresh(dbt: Dbt, tmp_path: Path, seed: int) -> None:
    nightly, whole = tmp_path / "nightly" / "warehouse.duckdb", tmp_path / "whole" / "warehouse.duckdb"
    nightly.parent.mkdir()
    whole.parent.mkdir()
    create_raw(nightly)
    selection: tuple[str, ...] = ()
    for loads in History(seed, nights=7, accounts=10):
        for load in loads:
            load.load(nightly)
        dbt.run(nightly, *selection)
        selection = ("--exclude", "staging")  # views stand after the first build
    shutil.copy(nightly, whole)
    dbt.run(whole, "--full-refresh")

    different = marts_side_by_side(nightly, whole)
    assert [event for event, query in EVENTS.items() if not rows(nightly, f"select 1 {query}")] == []
    assert len(different) == 21
    assert {mart: found for mart, found in different.items() if found} == {}


def test_what_arrives_late_reaches_the_night_it_belongs_to(dbt: Dbt, tmp_path: Path) -> None:
    """By itself, in a load that holds nothing else: targets of an older answer, and word that a report is no more.

    Which is no reason to forget the report that was had in its time.
    """
    path = tmp_path / "warehouse.duckdb"
    create_raw(path)
    first = Night(date(2026, 3, 2), "1.5")
    first.ask("accounts", accounts=[{"account_id": "a", "currency": "USD"}])
    policy = first.policy("a", 1, date(2026, 1, 1), {"equities": ("40", "50", "60")})
    first.drift("a", "p", {"equities": ("50", "50"), "bonds": ("50", "50")})
    first.pnl("a", date(2026, 1, 1), first.as_of, total_pnl="1")
    first.load(path)
    dbt.run(path)
    known = "select policy_target_percent from marts.allocation_drift_daily where asset_class = 'bonds'"
    assert rows(path, known) == [(None,)]
    assert rows(path, "select total_pnl_itd from marts.pnl_daily") == [(Decimal(1),)]

    late = Night(date(2026, 3, 3), "2.5")
    key = {"account_id": "a", "ips_id": "ips_1", "version": 1, "asset_class": "bonds", "as_of_date": first.as_of}
    late.add("policy_targets", policy, {**key, "min_percent": "40", "target_percent": "45", "max_percent": "60"})
    late.pnl("a", date(2026, 1, 1), first.as_of, outcome="absent")
    late.load(path)
    dbt.run(path)
    assert rows(path, known) == [(Decimal(45),)]
    assert rows(path, "select total_pnl_itd from marts.pnl_daily") == [(Decimal(1),)]
    assert rows(path, "select recomputed from marts.reconciliation_daily where entity = 'p/bonds'") == [(Decimal(45),)]
