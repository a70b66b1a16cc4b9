"""What the questions about amounts answer: each currency by itself, parts that come to their whole, and of how many."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from helpers.small_bi import ACCOUNT, NIGHTS, publish, story

from reading import Marts
from reading.dashboard import charts


def _published(tmp_path: Path, rows: dict[str, list[dict[str, Any]]]) -> Marts:
    return Marts(publish(tmp_path / "bi.duckdb", rows))


def test_pnl_without_a_currency_is_drawn_beside_that_of_a_known_one(tmp_path: Path) -> None:
    rows = story()
    for table in ("marts.pnl_daily", "marts.pnl_by_asset_class_daily"):
        rows[table] += [{**row, "account_id": "acc-2", "currency": None} for row in rows[table]]
    marts = _published(tmp_path, rows)
    asked = ("pnl_made_of", "pnl_by_night", "pnl_by_class", "pnl_by_account")
    answers = {name: marts.ask(name).rows() for name in asked}
    for name, found in answers.items():
        assert {row["currency"] for row in found} == {"USD", "(unknown)"}, name
        assert {row["currency"] for row in marts.ask(name, currency="(unknown)").rows()} == {"(unknown)"}, name
    assert [row["currency"] for row in marts.ask("currencies_listed").rows()] == ["USD", "(unknown)"]
    assert len(charts.earned("(unknown)", *(answers[name] for name in asked[:3]))) == 4


def test_what_is_worst_is_ranked_within_its_currency_and_says_which_it_is(tmp_path: Path) -> None:
    """Ten accounts in yen lose more by the figure than the one in dollars."""
    lost = {"acc-dollars": ("USD", 5), **{f"acc-{number}": ("JPY", 1000 + number) for number in range(10, 20)}}
    accounts = [{"account_id": name, "currency": currency} for name, (currency, _) in lost.items()]
    month = {"period_kind": "month", "period_start": NIGHTS[0].replace(day=1)}
    tonight = {"as_of_date": NIGHTS[-1]}

    def each(column: str, sign: int, **more: Any) -> list[dict[str, Any]]:
        return [account | more | {column: Decimal(sign * lost[account["account_id"]][1])} for account in accounts]

    rows = {
        "marts.accounts": accounts,
        "marts.pnl_daily": each("net_pnl", -1, **tonight),
        "marts.pnl_periods": each("total_pnl", -1, **month),
        "marts.pnl_bridge": each("amount", -1, **month),
        "marts.tax_daily": each("tax_cost", 1, **tonight),
    }
    marts = _published(tmp_path, rows)
    for name, of_each in (("worst_months", 5), ("worst_month_bridge", 1), ("tax_of_trades", 5)):
        found = [row["currency"] for row in marts.ask(name).rows()]
        assert found == ["JPY"] * of_each + ["USD"], name
    lowest = marts.ask("pnl_by_account", most=2).rows()
    assert [(row["currency"], row["account_id"], row["found"]) for row in lowest] == [
        ("JPY", "acc-19", 11), ("JPY", "acc-18", 11), ("USD", "acc-dollars", 11)
    ]  # fmt: skip


def test_what_pnl_is_made_of_adds_up_to_it_and_says_of_how_many_reports(tmp_path: Path) -> None:
    parts_of = {"realized_pnl": 3, "unrealized_pnl": 4, "dividend_income": 1, "interest_income": 0, "fees_paid": 2}
    told = {name: Decimal(amount) for name, amount in parts_of.items()}
    report = {"as_of_date": NIGHTS[1], "account_id": ACCOUNT, "currency": "USD", **told}
    unknown = {**report, "account_id": "acc-2", "interest_income": None}
    rows = {"marts.pnl_daily": [{**report, "net_pnl": Decimal(6)}, unknown], "marts.accounts": [{"account_id": ACCOUNT}]}
    marts = _published(tmp_path, rows)
    steps = marts.ask("pnl_made_of").rows()
    assert {step["line"]: step["amount"] for step in steps} == {
        "realized": 3, "unrealized": 4, "dividends": 1, "interest": 0, "fees": -2, "net P&L": 6
    }  # fmt: skip
    assert [step["ends_at"] for step in steps[-2:]] == [6, 6]
    assert "known of 1 of 2 reports" in charts.earned("USD", steps, [], [])[0].to_json()
    (account,) = marts.ask("pnl_by_account", account_id="acc-2").rows()
    assert (account["net_pnl"], account["realized_pnl"], account["nights_known"]) == (None, None, 0)
    rows["marts.pnl_daily"][0]["net_pnl"] = Decimal("6.5")  # a total that is half a dollar beyond its parts
    steps = _published(tmp_path, rows).ask("pnl_made_of").rows()
    assert [step["amount"] for step in steps if step["line"] == "residual"] == [Decimal("0.5")]
    assert [step["ends_at"] for step in steps[-2:]] == [Decimal("6.5")] * 2


def test_money_that_came_in_in_another_currency_is_not_added_and_nights_of_which_it_is_unknown_are_counted(
    tmp_path: Path,
) -> None:
    book = {"account_id": ACCOUNT, "equity": Decimal(100)}
    flows = (("EUR", None, 7), ("USD", NIGHTS[0], None), ("USD", NIGHTS[1], 2), ("USD", NIGHTS[2], 3))
    days = [
        {**book, "as_of_date": night, "currency": currency, "previous_on": before, "implied_flow": flow}
        for night, (currency, before, flow) in zip(NIGHTS, flows, strict=True)
    ]
    unnamed = {**book, "account_id": "acc-2", "as_of_date": NIGHTS[-1], "currency": None, "equity": None}
    changed, other = _published(tmp_path, {"marts.account_book_daily": [*days, unnamed]}).ask("worth_and_return").rows()
    assert (changed["currency"], changed["flows"], changed["flows_unknown"]) == ("USD", 5, 1)
    assert (other["account_id"], other["flows"], other["flows_unknown"]) == ("acc-2", None, 0)


def test_pnl_whose_currency_nobody_told_says_so(tmp_path: Path) -> None:
    rows = story()
    unnamed = {"as_of_date": NIGHTS[-1], "account_id": "acc-2", "currency": None}
    rows["marts.pnl_by_asset_class_daily"].append({**unnamed, "asset_class": "stocks"})
    rows["marts.pnl_by_position_daily"] = [{**unnamed, "symbol": "SBX"}]
    rows["marts.pnl_periods"] = [
        {"account_id": "acc-2", "currency": None, "period_kind": "month", "period_start": NIGHTS[0].replace(day=1)}
    ]
    marts = _published(tmp_path, rows)
    for name in ("pnl_classes_tonight", "pnl_symbols_tonight", "pnl_of_months"):
        (found,) = marts.ask(name, account_ids=["acc-2"]).rows()
        assert (found["currency"], found["unknown_reason"]) == (None, "no_currency"), name
