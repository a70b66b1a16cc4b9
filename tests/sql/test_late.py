"""What arrives late, in a load that holds nothing else, is taken in by the next build."""

from datetime import date
from decimal import Decimal
from pathlib import Path

from helpers.sql_warehouse import Dbt, Night, create_raw, rows


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
