"""What the datasets of the Superset pack come to where an account fails or closes, and how they call portfolios."""

from decimal import Decimal
from pathlib import Path

from helpers.small_bi import ACCOUNT, CORE, MARKUP, NIGHTS, publish, story

from reading import Marts, questions
from reading.superset.datasets import DATASETS


def test_a_portfolio_is_called_alike_in_every_dataset_so_that_one_filter_chooses_it(
    tmp_path: Path,
) -> None:
    rows = story()
    rows["marts.drift_episodes"] = [{"portfolio_id": each, "started_on": NIGHTS[0]} for each in (CORE, MARKUP)]
    for table, column in (("portfolios", "name"), ("portfolio_latest", "name"), ("drift_wide", "portfolio_name")):
        for row in rows[f"marts.{table}"]:
            row[column] = None if row["portfolio_id"] == CORE else "Growth"
    marts = Marts(publish(tmp_path / "bi.duckdb", rows))
    for name in ("portfolio_latest", "drift_wide", "drift_by_session", "causes_of_portfolios", "breaches_of_portfolios"):
        (dataset,) = (each for each in DATASETS if each.table == name)
        asked = f"({questions()[name].sql})" if dataset.of else f"marts.{name}"
        called = dict(dataset.worked_out).get("portfolio", "portfolio")
        found = marts.sql(f"select distinct {called} as portfolio from {asked} order by 1").rows()
        assert [row["portfolio"] for row in found] == ["Growth …0002", "no name …0001"], name


def test_a_line_of_all_accounts_breaks_on_the_newest_night_where_one_has_no_report_and_not_for_one_that_has_closed(
    tmp_path: Path,
) -> None:
    rows = story()
    before, tonight = NIGHTS[-2:]
    seen = {"failed": tonight, "closed": tonight, "gone": before}
    closed_on = {"closed": tonight}
    reported = {ACCOUNT: NIGHTS, **dict.fromkeys(seen, NIGHTS[:-1])}
    rows["marts.accounts"] = [
        {"account_id": name, "last_seen_on": seen.get(name, tonight), "closed_on": closed_on.get(name)} for name in reported
    ]
    rows["marts.pnl_daily"] = [
        {"as_of_date": night, "account_id": name, "currency": "USD", "total_pnl_itd": Decimal(5)}
        for name, nights in reported.items()
        for night in nights
    ]
    (level,) = (each.metrics[0].sql for each in DATASETS if each.table == "pnl_by_session")
    line = f"select as_of_date, {level} as level from ({questions()['pnl_by_session'].sql}) group by all order by 1"

    def newest() -> list[Decimal | None]:
        return [row["level"] for row in Marts(publish(tmp_path / "bi.duckdb", rows)).sql(line).rows()[-2:]]

    assert newest() == [Decimal(20), None]
    rows["marts.pnl_daily"] = [row for row in rows["marts.pnl_daily"] if row["account_id"] != "failed"]
    assert newest() == [Decimal(15), Decimal(5)]
