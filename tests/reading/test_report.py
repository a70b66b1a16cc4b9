"""The morning report of a small real history: its figures are SQL's, and it says no more than is known."""

import re
import shutil
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from helpers.browser import Browser
from helpers.report_pages import pages, text, values
from helpers.report_story import MARKUP, ODD, day_of, play, settings_of
from helpers.sql_warehouse import Dbt

from pipelines.errors import BluumError
from reading import Marts
from reading.report import make_account_report, make_report
from reading.report.names import account_file, portfolio_file

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two data folders with what was published: after the first night, and after the last; not to be written to."""
    return play(tmp_path_factory.mktemp("data"), Dbt(tmp_path_factory.mktemp("dbt")))


@pytest.fixture
def folder(nights: tuple[Path, Path], tmp_path: Path) -> Path:
    """A data folder of its own with what was published last."""
    shutil.copy(nights[1] / "bi.duckdb", tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def report(nights: tuple[Path, Path]) -> Path:
    """A report to look at."""
    return make_report(settings_of(nights[1])).path.parent


def test_a_report_has_the_book_and_a_page_for_each_account_and_portfolio_all_light(report: Path) -> None:
    expected = {"index.html", "accounts-1.html", account_file(ODD), account_file("acc_2"), portfolio_file("pf_1")}
    assert {str(page.relative_to(report.resolve())) for page in pages(report)} == expected
    assert max(page.stat().st_size for page in pages(report)) < 300_000


def test_figures_on_a_page_are_the_marts_with_every_digit(nights: tuple[Path, Path], report: Path) -> None:
    marts = Marts(nights[1] / "bi.duckdb")
    earned = marts.sql(
        "select total_pnl, total_pnl_itd, total_pnl_mtd from marts.account_latest where account_id = $id", id=ODD
    )
    shown = values((report / account_file(ODD)).read_text())
    assert earned.row() == {
        "total_pnl": Decimal(1000), "total_pnl_itd": Decimal("8000.123456789"), "total_pnl_mtd": None
    }  # fmt: skip
    assert {"1000", "8000.123456789"} <= shown
    query = """
        select actual_percent, band_distance_percent from marts.allocation_drift_daily
        where as_of_date = $day and asset_class = 'equities'
    """
    drift = marts.sql(query, day=day_of(8)).row()
    assert drift == {"actual_percent": Decimal("68.25"), "band_distance_percent": Decimal("3.25")}
    assert {"68.25", "3.25"} <= values((report / portfolio_file("pf_1")).read_text())
    assert {"3.25"} <= values((report / "index.html").read_text())


def test_the_book_says_who_is_outside_since_when_why_and_what_it_earned(report: Path) -> None:
    book = text(report / "index.html")
    assert "1 account is outside policy" in book
    who = book.split("Who is outside policy")[1].split("What changed")[0]
    assert "Account ··1234 …./<b>1 outside since 1 Mar 2022 or before P&L of the day, USD +1,000.00" in who
    band = "Since 8 Mar 2022 Is 68.25 % Allowed 45.00 to 65.00 % Beyond +3.25 not explained: +4.00 of +4.00"
    assert f"equities over its band {MARKUP} ··1234 …pf_1 {band}" in who
    assert "Beyond +31.75 came with version 2 of the policy" in who
    assert (
        "Since 1 Mar 2022 or before Is 13.25 % Allowed to 5.00 % Beyond +8.25 not known: it was there on the first night"
        in who
    )
    assert "equities over its band since 8 Mar 2022" in text(report / portfolio_file("pf_1"))


def test_markup_in_names_is_text_and_an_id_leads_out_of_no_folder(report: Path) -> None:
    page = (report / portfolio_file("pf_1")).read_text()
    assert "<script" not in page
    assert "&lt;script&gt;alert(&#34;Core&#34;)&lt;/script&gt; &amp; sons" in page
    assert re.fullmatch(r"accounts/id-[0-9a-f]{24}\.html", account_file(ODD))


def test_what_is_not_known_says_why(report: Path) -> None:
    page = (report / account_file("acc_2")).read_text()
    assert "No investment policy is in force" in page
    assert "There is no P&amp;L report of any night" in page
    assert "It has no portfolio." in page


def test_the_first_night_has_nothing_to_be_compared_with(nights: tuple[Path, Path]) -> None:
    page = make_report(settings_of(nights[0])).path.read_text()
    assert "It is the first night held: there is nothing to compare it with yet." in page


def test_several_processes_write_the_same_pages_as_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = {page.name: page.read_bytes() for page in pages(make_report(settings_of(folder)).path.parent)}
    monkeypatch.setattr("reading.report.make.ALONE", 0)
    monkeypatch.setattr("reading.report.make.AT_A_TIME", 1)
    together = {page.name: page.read_bytes() for page in pages(make_report(settings_of(folder), processes=2).path.parent)}
    assert together == alone


def test_the_pages_of_one_account_stand_alone_without_the_book(folder: Path) -> None:
    made = make_account_report(settings_of(folder), ODD)
    assert made.pages == 2
    assert "index.html" not in made.path.read_text()
    assert {page.name for page in pages(made.path.parents[1])} == {made.path.name, "pf_1.html"}
    with pytest.raises(BluumError, match="has no account acc_9; nothing was made"):
        make_account_report(settings_of(folder), "acc_9")


def change(folder: Path, *statements: str) -> Marts:
    """The marts of the last night, said otherwise; $tonight is that night."""
    with duckdb.connect(str(folder / "bi.duckdb")) as connection:
        for statement in statements:
            connection.execute(statement.replace("$tonight", f"date '{day_of(8)}'"))
    return Marts(folder / "bi.duckdb")


TONIGHT = "where as_of_date = $tonight"
UNANALYSED = [
    f"delete from marts.{table} {TONIGHT}"
    for table in ("portfolio_drift_daily", "allocation_drift_daily", "drift_causes_daily")
]
UNKNOWN = f"update marts.compliance_daily set verdict = 'unknown', unknown_reason = 'no_analysis' {TONIGHT}"


@pytest.mark.parametrize(
    ("statements", "said", "unsaid"),
    [
        ([], "It is outside policy : band (equities)", "inside"),
        (
            [f"update marts.compliance_daily set rule = 'threshold', subject = null {TONIGHT} and verdict = 'outside'"],
            "It is outside policy : threshold",
            "outside policy : band",
        ),
        (
            [
                f"update marts.compliance_daily set verdict = 'inside' {TONIGHT} and verdict = 'outside'",
                f"update marts.compliance_daily set verdict = 'unknown', unknown_reason = 'class_not_reported' {TONIGHT}"
                " and rule = 'off_policy'",
            ],
            "It is inside every rule that can be judged; not known: off policy",
            "It is outside policy",
        ),
        ([*UNANALYSED, UNKNOWN], "when last seen, it was outside its policy", "It is outside policy"),
        (
            [*UNANALYSED, UNKNOWN, f"update marts.portfolios set last_seen_on = date '{day_of(7)}'"],
            "Not listed since 10 Mar 2022",
            "It is outside policy",
        ),
        (
            [*UNANALYSED, f"update marts.accounts set closed_on = date '{day_of(6)}' where account_id = '{ODD}'"],
            "Its account is closed since 9 Mar 2022",
            "It is outside policy",
        ),
    ],
    ids=["a band", "another rule", "one rule unknown", "not analysed", "gone", "closed"],
)
def test_the_headline_is_what_is_known_tonight(folder: Path, statements: list[str], said: str, unsaid: str) -> None:
    change(folder, *statements)
    report = make_report(settings_of(folder)).path.parent
    page = text(report / portfolio_file("pf_1")).split("Worth")[0]
    assert said in page
    assert unsaid not in page
    has_tag = "tag outside" in (report / "accounts-1.html").read_text()
    assert has_tag is ("outside policy :" in page)


def test_sums_are_those_of_the_firm_and_say_who_is_missing(folder: Path) -> None:
    marts = change(folder, f"delete from marts.account_nights {TONIGHT} and account_id = 'acc_2'")
    (earned,) = marts.ask("earned").rows()
    firm = marts.sql("select total_pnl_itd from marts.firm_daily order by as_of_date desc").row()
    assert firm == {"total_pnl_itd": earned["itd_pnl"]}
    assert (earned["accounts"], earned["accounts_gone"]) == (1, 1)
    book = text(make_report(settings_of(folder)).path)
    assert "These sums are without 1 account in USD no longer listed, of which tonight has no report" in book


def test_a_sum_of_few_accounts_says_so_before_its_amount(folder: Path) -> None:
    book = make_report(settings_of(folder)).path
    assert "Since the accounts opened known of 1 of 2 accounts only +8,000.12" in text(book)
    change(
        folder,
        *(
            f"insert into marts.{table} by name select * exclude (i) replace ('acc_' || i as account_id) "
            f"from marts.{table}, range(3, 6) as n(i) where account_id = 'acc_2'"
            for table in ("accounts", "account_nights")
        ),
    )
    book = make_report(settings_of(folder)).path
    assert "Since the accounts opened known of 1 of 5 accounts only theirs: +8,000.12" in text(book)


def test_pnl_over_several_days_says_so_wherever_it_is_told(folder: Path) -> None:
    change(folder, f"update marts.pnl_daily set days_covered = 3, net_pnl_itd = 7.5 {TONIGHT}")
    report = make_report(settings_of(folder)).path.parent
    for page in (report / "index.html", report / account_file(ODD)):
        assert "before dividends, interest and fees; net is with them." in text(page)
        assert "+1,000.00 over 3 days" in text(page)
        assert {"7.5"} <= values(page.read_text())
    assert "P&L over 3 days, USD +1,000.00" in text(report / "index.html")
    assert "+1,000.00 over 3 days" in text(report / "accounts-1.html")


def test_an_account_that_is_not_complete_is_told_with_what_failed(folder: Path) -> None:
    change(
        folder,
        f"update marts.account_nights set is_complete = false {TONIGHT}",
        f"update marts.account_nights set pnl_outcome = 'failed' {TONIGHT} and account_id = '{ODD}'",
    )
    report = make_report(settings_of(folder)).path.parent
    none_has_a_column = "a row that could not be read exactly, a price that was asked for again, or a version of the policy"
    for account, failed in ((ODD, "P&L failed"), ("acc_2", none_has_a_column)):
        assert f"Not complete tonight: {failed}." in text(report / account_file(account))
        assert f"{account[-6:]} : {failed}" in text(report / "index.html")


def test_a_day_across_a_change_of_currency_is_not_put_down_to_a_report_that_is_there(folder: Path) -> None:
    change(folder, f"update marts.pnl_daily set total_pnl = null, net_pnl = null, net_pnl_itd = null {TONIGHT}")
    report = make_report(settings_of(folder)).path.parent
    unlike = "not known : there is no earlier report, in the same currency and from the same day on, to measure from"
    assert f"P&L of the day {unlike}" in text(report / account_file(ODD))
    for page in (report / "index.html", report / account_file(ODD)):
        assert "et since it opened not known : a report leaves out a figure that it is made of" in text(page)


def test_a_closed_account_is_told_to_be_asked_for_as_long_as_it_is(folder: Path) -> None:
    questions = ("positions", "portfolios", "rebalancing", "holdings", "summary", "performance", "investment_policy", "pnl")
    change(folder, f"update marts.accounts set closed_on = date '{day_of(8)}' where account_id = '{ODD}'")
    unasked = ", ".join(f"{name}_outcome = null" for name in questions)
    for altered, said in (
        ("is_complete = true", "all of it was answered tonight, and it is not asked any more."),
        ("is_complete = false, pnl_outcome = 'failed'", "it is asked until a night has all of it; tonight: P&L failed."),
        (unasked, "it is not asked any more."),
    ):
        change(folder, f"update marts.account_nights set {altered} {TONIGHT} and account_id = '{ODD}'")
        page = make_report(settings_of(folder)).path.parent / account_file(ODD)
        assert f": {said}" in text(page)


def test_drift_at_the_end_is_of_the_last_night_or_not_known(folder: Path) -> None:
    unknown = "drift_percent = null, change_points = null, unknown_reason = 'class_not_reported'"
    marts = change(folder, f"update marts.drift_causes_daily set {unknown} {TONIGHT} and asset_class = 'cash'")
    rows = [row for row in marts.ask("why_drift_moved").rows() if row["asset_class"] == "cash"]
    assert [(row["span"], row["to_on"], row["drift_percent"]) for row in rows] == [
        ("tonight", day_of(8), None), ("last_nights", day_of(8), None)
    ]  # fmt: skip
    change(folder, *UNANALYSED)
    page = text(make_report(settings_of(folder)).path.parent / portfolio_file("pf_1"))
    assert "Over the last 7 nights, to 10 Mar 2022" in page


def test_pnl_that_failed_tonight_is_not_put_down_to_an_earlier_report(folder: Path) -> None:
    change(folder, f"delete from marts.pnl_daily {TONIGHT}")
    page = text(make_report(settings_of(folder)).path.parent / account_file(ODD))
    assert "Month to date not known : a P&L report is missing" in page


def test_a_night_on_which_nothing_could_be_judged_is_not_drawn_as_none_outside(folder: Path) -> None:
    counts = "accounts_inside = 0, accounts_outside = 0, accounts_unknown = 1, net_pnl = 5, accounts_with_net_pnl = 1"
    marts = change(
        folder,
        f"update marts.firm_daily set {counts} {TONIGHT}",
    )
    night = marts.ask("book_by_night").rows()[-1]
    assert (night["outside"], night["is_partial"]) == (None, True)
    report = make_report(settings_of(folder)).path.parent
    assert "On 1 of them it is of some accounts only." in (report / "index.html").read_text()


def test_pages_stay_light_however_much_there_is_and_a_bridge_still_adds_up(folder: Path) -> None:
    bridge = "'month' as period_kind, date '2022-03-01' as period_start, 'USD' as currency"
    marts = change(
        folder,
        "delete from marts.pnl_bridge where period_kind = 'month'",
        f"insert into marts.pnl_bridge by name select '{ODD}' as account_id, {bridge}, i as line_number, "
        "'unrealized_pnl' as line, 'SYMBOL-' || i as item, i * 0.000000001 as amount from range(1, 2001) as n(i)",
        "insert into marts.policy_versions by name select * exclude (i) replace (version + i as version, false as "
        "is_in_force) from marts.policy_versions, range(10, 1000) as n(i)",
        f"insert into marts.compliance_daily by name select * exclude (i) replace ('SYMBOL-' || i as subject) "
        f"from marts.compliance_daily, range(2000) as n(i) {TONIGHT} and verdict = 'outside'",
        "insert into marts.portfolios by name select * exclude (i) replace (portfolio_id || '-' || i as portfolio_id) "
        "from marts.portfolios, range(80) as n(i)",
    )
    report = make_report(settings_of(folder), processes=1).path.parent
    assert max(page.stat().st_size for page in pages(report)) < 300_000
    rows = [row for row in marts.ask("month_bridge").rows() if row["account_id"] == ODD]
    assert (len(rows), rows[-1]["lines"], sum(row["lines"] for row in rows)) == (26, 1975, 2000)
    assert sum(row["amount"] for row in rows) == Decimal("0.002001")


@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_can_be_read_by_everybody_and_asks_for_nothing(browser: Browser, report: Path, width: int) -> None:
    for page in pages(report):
        with browser.open(page, width=width, scheme="light" if width == 1280 else "dark") as visit:
            assert (visit.complaints, visit.asked) == ([], [page.as_uri()]), page.name
            assert visit.violations() == [], page.name
            assert not visit.scrolls_sideways(), page.name


@pytest.mark.parametrize("width", [1280, 390])
def test_a_figure_in_a_tile_is_never_broken_in_two(browser: Browser, folder: Path, width: int) -> None:
    change(
        folder,
        "update marts.pnl_daily set total_pnl = -12345678.9, total_pnl_itd = 1234567890.12, net_pnl_itd = -98765432.1 "
        f"{TONIGHT}",
        f"update marts.portfolio_values_daily set total_value = 12345678901.23, cash_balance = 103822951.84 {TONIGHT}",
    )
    for page in pages(make_report(settings_of(folder)).path.parent):
        with browser.open(page, width=width) as visit:
            figures = visit.page.locator(".tiles data")
            lines = figures.evaluate_all("found => found.map(each => each.getClientRects().length)")
            assert set(lines) <= {1}, page.name
            beyond = "found => found.filter(each => each.offsetWidth > each.closest('dd').clientWidth).length"
            assert figures.evaluate_all(beyond) == 0, page.name
