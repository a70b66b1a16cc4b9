"""The pictures of the report, in the SVG itself: gaps are gaps, bands end where policies end, breaches are shaded."""

import re
from collections.abc import Mapping
from datetime import date
from math import inf, nextafter
from pathlib import Path
from typing import Any

import pytest
from helpers.report_pages import boxes, panel, text
from helpers.report_story import settings_of
from helpers.small_bi import ACCOUNT, CORE, NIGHTS, publish, story
from hypothesis import given
from hypothesis import strategies as st

from reading.report import make_report
from reading.report.drawing import BOTTOM, TOP, WIDE, Frame
from reading.report.names import account_file

pytestmark = pytest.mark.slow

MONDAY, TUESDAY, THURSDAY, FRIDAY = NIGHTS


def drawn(folder: Path, of_class: str, told: Mapping[date, Mapping[str, Any]]) -> tuple[str, str]:
    """The pictures of stocks and bonds, where one class was otherwise on some nights; inside its band on the rest."""
    rows = story()
    for row in rows["marts.allocation_drift_daily"]:
        row |= {"is_outside_band": False, "ips_id": "ips-1"}
        if row["asset_class"] == of_class:
            row |= told.get(row["as_of_date"], {})
    publish(folder / "bi.duckdb", rows)
    report = make_report(settings_of(folder)).path.parent
    return panel(report, CORE, "stocks"), panel(report, CORE, "bonds")


def edge(day: int) -> float:
    """Where a day begins: the five days from Monday to Friday have the width from 44 to 352 to themselves."""
    return round(44 + day / 5 * 308, 1)


def test_a_line_breaks_where_a_night_was_missed(tmp_path: Path) -> None:
    stocks, _ = drawn(tmp_path, "stocks", {})
    (line,) = re.findall(r'<path class="actual" d="([^"]*)"', stocks)
    before, after = line.removeprefix("M").split("M")
    assert (len(before.split("L")), len(after.split("L"))) == (2, 2)
    assert all(float(point.split()[0]) < edge(2) for point in before.split("L"))
    assert all(float(point.split()[0]) > edge(3) for point in after.split("L"))  # the missed day itself is empty


def test_a_band_ends_where_the_policy_forgets_the_class_and_where_a_night_was_missed(tmp_path: Path) -> None:
    forgotten = {"min_percent": None, "max_percent": None, "is_outside_band": None}
    stocks, bonds = drawn(tmp_path, "bonds", {FRIDAY: forgotten})
    assert boxes(bonds, "band") == [(edge(0), edge(2)), (edge(3), edge(4))]
    assert boxes(stocks, "band") == [(edge(0), edge(2)), (edge(3), edge(5))]


def test_a_breach_is_shaded_from_its_first_night_to_its_last(tmp_path: Path) -> None:
    stocks, bonds = drawn(tmp_path, "stocks", {THURSDAY: {"is_outside_band": True}, FRIDAY: {"is_outside_band": True}})
    assert boxes(stocks, "breach") == [(edge(3), edge(5))]
    assert boxes(bonds, "breach") == []


def test_a_breach_of_the_threshold_is_marked_beside_that_of_the_band(tmp_path: Path) -> None:
    stocks, _ = drawn(tmp_path, "stocks", {THURSDAY: {"is_over_threshold": True}, FRIDAY: {"is_outside_band": True}})
    assert boxes(stocks, "threshold-mark") == [(edge(3), edge(4))]
    assert boxes(stocks, "breach") == [(edge(4), edge(5))]
    assert "At or over the threshold on 1." in stocks


def test_a_breach_is_not_shaded_over_a_night_that_was_missed(tmp_path: Path) -> None:
    stocks, _ = drawn(tmp_path, "stocks", {TUESDAY: {"is_outside_band": True}, THURSDAY: {"is_outside_band": True}})
    assert boxes(stocks, "breach") == [(edge(1), edge(2)), (edge(3), edge(4))]


def test_a_night_that_could_not_be_judged_is_not_shaded_and_counted_apart(tmp_path: Path) -> None:
    stocks, _ = drawn(tmp_path, "stocks", {THURSDAY: {"is_outside_band": True}, FRIDAY: {"is_outside_band": None}})
    assert boxes(stocks, "breach") == [(edge(3), edge(4))]
    assert "Outside the band on 1 of 4 nights. On 1 it is not known." in stocks


def test_another_version_of_the_policy_is_marked_where_it_came_into_force(tmp_path: Path) -> None:
    stocks, _ = drawn(tmp_path, "stocks", {FRIDAY: {"policy_version": 2}})
    assert re.findall(r'<path class="change" d="M([\d.]+) ', stocks) == [f"{edge(4)}"]
    assert ">v2</text>" in stocks


def test_a_policy_of_another_id_is_marked_although_its_version_is_the_same(tmp_path: Path) -> None:
    stocks, _ = drawn(tmp_path, "stocks", {THURSDAY: {"ips_id": "ips-2"}, FRIDAY: {"ips_id": "ips-2"}})
    assert re.findall(r'<path class="change" d="M([\d.]+) ', stocks) == [f"{edge(3)}"]


def test_a_line_of_amounts_begins_anew_where_the_account_changes_its_currency(tmp_path: Path) -> None:
    rows = story()
    rows["marts.account_book_daily"] = [{"as_of_date": night, "account_id": ACCOUNT, "equity": 7} for night in NIGHTS]
    for row in (*rows["marts.pnl_daily"], *rows["marts.account_book_daily"]):
        row |= {"currency": "USD" if row["as_of_date"] == FRIDAY else "EUR"}
    for row in rows["marts.pnl_daily"]:
        row |= {"total_pnl_itd": 100, "drawdown_amount": -1}
    publish(tmp_path / "bi.duckdb", rows)
    path = make_report(settings_of(tmp_path)).path.parent / account_file(ACCOUNT)
    pictures = re.findall(r"<figcaption>([^<]*)</figcaption>(<svg.*?</svg>)", path.read_text(), re.DOTALL)
    assert [title for title, _ in pictures] == ["P&amp;L, night by night", "P&amp;L to date", "Below its high", "Worth"]
    for title, svg in pictures:
        assert re.findall(r'<path class="change".*?<text[^>]*>(.*?)</text>', svg) == ["EUR → USD"], title
        assert "From 2022-03-25 on in USD, before in EUR." in svg, title
    for title, svg in pictures[1:]:
        (line,) = re.findall(r'<path class="actual" d="([^"]*)"', svg)
        assert [stretch.count("L") for stretch in line.removeprefix("M").split("M")] == [1, 0, 0], title
    assert "Where the currency changed, a dotted line says from which to which" in text(path)


def test_of_many_currencies_those_of_most_accounts_have_charts_and_the_others_are_named(tmp_path: Path) -> None:
    rows = story()
    of = {"USD": 2, "AUD": 1, "CHF": 1, "EUR": 1}
    rows["marts.firm_daily"] = [
        {**row, "currency": currency, "accounts": accounts}
        for row in rows["marts.firm_daily"]
        for currency, accounts in of.items()
    ]
    publish(tmp_path / "bi.duckdb", rows)
    book = make_report(settings_of(tmp_path)).path
    charted = re.findall(r"<figcaption>Net P&amp;L of all accounts, (\w+)</figcaption>", book.read_text())
    assert charted == ["USD", "AUD", "CHF"]
    assert "EUR has none" in text(book)


@given(st.lists(st.floats(-1e29, 1e29), max_size=4), st.floats(0, 1e29), st.booleans())
def test_an_axis_has_few_ticks_and_holds_all_values(values: list[float], base: float, zero: bool) -> None:
    near = [base, nextafter(base, inf)]
    for drawn in (values, near, [*values, *near]):
        frame = Frame.around((0, 10), drawn, WIDE, zero=zero)
        svg = frame.svg("axis", "Axis", "An axis.")
        assert 2 <= len(re.findall(r'<path class="(?:grid|zero)"', svg)) <= 7
        assert all(TOP - 1 <= frame.y(value) <= BOTTOM + 1 for value in drawn)
