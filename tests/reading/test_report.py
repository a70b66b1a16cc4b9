"""The morning report of a small real history: its figures are SQL's, its pictures tell gaps as gaps, it is put whole."""

import os
import re
import shutil
from decimal import Decimal
from html import unescape
from math import inf, nextafter
from pathlib import Path

import duckdb
import pytest
from helpers.browser import Browser
from helpers.report_story import FIRST, MISSED, ODD, day_of, play, settings_of
from helpers.sql_warehouse import Dbt
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import BluumError
from reading import Marts
from reading.marts import NothingPublished
from reading.report import make_account_report, make_report
from reading.report.drawing import BOTTOM, TOP, WIDE, Frame
from reading.report.names import account_file, portfolio_file
from reading.report.shelf import Shelf

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


def pages(report: Path) -> list[Path]:
    return sorted(report.resolve().rglob("*.html"))


def values(page: str) -> set[str]:
    """Every figure of a page, with all its digits."""
    return set(re.findall(r'<data value="([^"]*)"', page))


def panel(report: Path, name: str) -> str:
    """The picture of a class on the portfolio's page."""
    page = (report / portfolio_file("pf_1")).read_text()
    (found,) = re.findall(rf"<figcaption>{name}</figcaption>(<svg.*?</svg>)", page, re.DOTALL)
    return found


def boxes(svg: str, kind: str) -> list[tuple[float, float]]:
    """Where rectangles of a kind begin and end."""
    found = re.findall(rf'<rect class="{kind}" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', svg)
    return [(float(x), round(float(x) + float(width), 1)) for x, width in found]


def edge(number_of_days: int) -> float:
    """Where a day begins: the eleven days of the window have the width from 44 to 352 to themselves."""
    return round(44 + number_of_days / 11 * 308, 1)


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


def test_the_book_says_who_is_outside_since_when(report: Path) -> None:
    text = re.sub(r"<[^>]+>", "", (report / "index.html").read_text()).replace("&nbsp;", " ")
    assert "1 account is outside policy" in text
    portfolio = re.sub(r"<[^>]+>", "", (report / portfolio_file("pf_1")).read_text()).replace("&nbsp;", " ")
    assert "equities over its band since 8 Mar 2022" in portfolio


def test_a_line_breaks_where_a_night_was_missed(report: Path) -> None:
    (line,) = re.findall(r'<path class="actual" d="([^"]*)"', panel(report, "equities"))
    before, after = line.removeprefix("M").split("M")
    assert len(before.split("L")) == MISSED
    assert len(after.split("L")) == 8 - MISSED
    drawn = [float(point.split()[0]) for point in after.split("L")]
    assert drawn[0] > edge((day_of(MISSED) - FIRST).days + 1)  # the missed day itself is empty


def test_a_band_ends_where_the_policy_forgets_the_class_and_where_a_night_was_missed(report: Path) -> None:
    assert boxes(panel(report, "cash"), "band") == [(edge(0), edge(3)), (edge(6), edge(7))]
    assert boxes(panel(report, "equities"), "band") == [(edge(0), edge(3)), (edge(6), edge(11))]


def test_a_breach_is_shaded_from_its_first_night_to_its_last(report: Path) -> None:
    assert boxes(panel(report, "equities"), "breach") == [(edge(7), edge(11))]
    assert boxes(panel(report, "cash"), "breach") == []


def test_another_version_of_the_policy_is_marked_where_it_came_into_force(report: Path) -> None:
    assert re.findall(r'<path class="policy" d="M([\d.]+) ', panel(report, "equities")) == [f"{edge(7)}"]
    assert ">v2</text>" in panel(report, "equities")


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


def test_a_warehouse_without_any_night_makes_a_page_that_says_so(folder: Path) -> None:
    with duckdb.connect(str(folder / "bi.duckdb")) as connection:
        tables = connection.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
        for (table,) in tables:
            connection.execute(f"delete from {table}")
    made = make_report(settings_of(folder))
    assert (made.pages, "No night has been published yet" in made.path.read_text()) == (1, True)


def test_a_report_that_fails_leaves_the_one_before_and_names_what_went_wrong(folder: Path) -> None:
    before = make_report(settings_of(folder)).path.resolve()
    with duckdb.connect(str(folder / "bi.duckdb")) as connection:
        connection.execute("drop table marts.pnl_bridge")
    with pytest.raises(BluumError, match=r"the report in .* is as it was, a new one could not be made: .*pnl_bridge"):
        make_report(settings_of(folder))
    assert (folder / "report" / "index.html").resolve() == before
    assert [path.name for path in (folder / "reports").iterdir()] == [before.parent.name]


def test_the_link_leads_to_a_whole_report_at_every_moment(folder: Path) -> None:
    make_report(settings_of(folder))
    first = (folder / "report").resolve()
    with (first / "index.html").open() as being_read:
        make_report(settings_of(folder))
        assert being_read.read().endswith("</html>")  # who has opened the report before reads it to its end
    assert (folder / "report").is_symlink()
    assert (folder / "report").resolve() != first
    assert not first.exists()  # of one night, the last one made is kept


def test_so_many_nights_are_kept_as_the_setting_says(folder: Path) -> None:
    for older in ("2022-02-24", "2022-02-25", "2022-02-28"):
        (folder / "reports" / older).mkdir(parents=True)
    (folder / "reports" / "notes of mine").mkdir()
    make_report(settings_of(folder, keep_reports=2))
    kept = {path.name for path in (folder / "reports").iterdir()}
    assert kept == {"2022-02-28", str(day_of(8)), "notes of mine"}


def test_a_folder_with_a_database_is_never_dropped_as_an_old_report(folder: Path) -> None:
    (folder / "reports" / "2022-02-24").mkdir(parents=True)
    (folder / "reports" / "2022-02-24" / "warehouse.duckdb").touch()
    make_report(settings_of(folder, keep_reports=1))
    assert (folder / "reports" / "2022-02-24" / "warehouse.duckdb").exists()
    (folder / "reports" / "accounts" / "acc_2").mkdir(parents=True)
    (folder / "reports" / "accounts" / "acc_2" / "mine.duckdb").touch()
    with pytest.raises(BluumError, match="holds a database, so it is no report that may be removed"):
        make_account_report(settings_of(folder), "acc_2")
    assert (folder / "reports" / "accounts" / "acc_2" / "mine.duckdb").exists()


def test_nobody_else_reads_a_report_while_it_is_written(folder: Path) -> None:
    shelf, before = Shelf(settings_of(folder, bi_file_mode="644")), os.umask(0o022)
    try:
        with shelf.building() as building:
            assert building.stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(before)


@given(st.lists(st.floats(-1e29, 1e29), max_size=4), st.floats(0, 1e29), st.booleans())
def test_an_axis_has_few_ticks_and_holds_all_values(values: list[float], base: float, zero: bool) -> None:
    near = [base, nextafter(base, inf)]
    for drawn in (values, near, [*values, *near]):
        frame = Frame.around((0, 10), drawn, WIDE, zero=zero)
        svg = frame.svg("axis", "Axis", "An axis.")
        assert 2 <= len(re.findall(r'<path class="(?:grid|zero)"', svg)) <= 7
        assert all(TOP - 1 <= frame.y(value) <= BOTTOM + 1 for value in drawn)


@pytest.mark.parametrize(
    ("mode", "file", "directory"), [("600", 0o600, 0o700), ("640", 0o640, 0o750), ("644", 0o644, 0o755)]
)
def test_who_may_read_bi_duckdb_may_read_the_report(folder: Path, mode: str, file: int, directory: int) -> None:
    report = make_report(settings_of(folder, bi_file_mode=mode)).path.parent.resolve()
    found = {path.stat().st_mode & 0o777 for path in report.rglob("*.html")}
    folders = {path.stat().st_mode & 0o777 for path in (report, report / "accounts", report.parent)}
    assert (found, folders) == ({file}, {directory})


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


def text(page: Path) -> str:
    """What a page says, without its markup and pictures."""
    bare = re.sub(r"<style>.*?</style>|<desc.*?</desc>|<title.*?</title>", "", page.read_text(), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", bare)).replace("\xa0", " ").split())


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


def test_of_many_currencies_those_of_most_accounts_have_charts_and_the_others_are_named(folder: Path) -> None:
    other = "insert into marts.firm_daily select * replace ('{}' as currency, 1 as accounts) from marts.firm_daily"
    usd = " where currency = 'USD'"
    change(folder, *(other.format(currency) + usd for currency in ("AUD", "CHF", "EUR")))
    book = make_report(settings_of(folder)).path
    charted = re.findall(r"<figcaption>Net P&amp;L of all accounts, (\w+)</figcaption>", book.read_text())
    assert charted == ["USD", "AUD", "CHF"]
    assert "EUR has none" in text(book)


def test_a_night_on_which_nothing_could_be_judged_is_not_drawn_as_none_outside(folder: Path) -> None:
    counts = "accounts_inside = 0, accounts_outside = 0, accounts_unknown = 1, net_pnl = 5, accounts_with_net_pnl = 1"
    marts = change(
        folder,
        f"update marts.firm_daily set {counts} {TONIGHT}",
        f"update marts.allocation_drift_daily set is_outside_band = null {TONIGHT}",
    )
    night = marts.ask("book_by_night").rows()[-1]
    assert (night["outside"], night["is_partial"]) == (None, True)
    report = make_report(settings_of(folder)).path.parent
    assert "On 1 of them it is of some accounts only." in (report / "index.html").read_text()
    assert boxes(panel(report, "equities"), "breach") == [(edge(7), edge(10))]
    assert "On 1 it is not known." in panel(report, "equities")


def test_a_breach_after_a_night_that_could_not_be_judged_may_be_older(folder: Path) -> None:
    rule = "account_id = 'acc_2' and rule = 'policy'"
    made = "rule = 'minimum_cash', verdict = 'outside', value = 1, lower_limit = 3"
    marts = change(
        folder,
        f"update marts.compliance_daily set verdict = 'inside' where {rule} and as_of_date < date '{day_of(7)}'",
        f"update marts.compliance_daily set rule = 'minimum_cash' where {rule} and as_of_date < $tonight",
        f"update marts.compliance_daily set {made} {TONIGHT} and {rule}",
    )
    (found,) = (row for row in marts.ask("outside_tonight").rows() if row["rule"] == "minimum_cash")
    assert (found["since"], found["is_maybe_older"]) == (day_of(8), True)


def test_a_breach_is_told_as_lost_on_the_first_complete_night_without_it(folder: Path) -> None:
    marts = change(
        folder,
        f"update marts.drift_episodes set outcome = 'lost', last_observed_on = date '{day_of(6)}'",
        "update marts.account_nights set is_complete = true",
        f"update marts.account_nights set is_complete = false where as_of_date = date '{day_of(7)}'",
    )
    assert {row["change"] for row in marts.ask("breaches_changed").rows()} == {"lost"}
    change(folder, "update marts.account_nights set is_complete = true")
    assert marts.ask("breaches_changed").rows() == []


def test_a_policy_of_another_id_is_marked_although_its_version_is_the_same(folder: Path) -> None:
    change(folder, f"update marts.allocation_drift_daily set ips_id = 'other' where as_of_date >= date '{day_of(7)}'")
    report = make_report(settings_of(folder)).path.parent
    assert re.findall(r'<path class="policy" d="M([\d.]+) ', panel(report, "equities")) == [f"{edge(7)}", f"{edge(9)}"]


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


def test_a_path_that_cannot_be_looked_at_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(NothingPublished, match="cannot be read: File name too long"):
        Marts(tmp_path / ("x" * 300)).ask("earned")


@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_can_be_read_by_everybody_and_asks_for_nothing(browser: Browser, report: Path, width: int) -> None:
    for page in pages(report):
        with browser.open(page, width=width, scheme="light" if width == 1280 else "dark") as visit:
            assert (visit.complaints, visit.asked) == ([], [page.as_uri()]), page.name
            assert visit.violations() == [], page.name
            assert not visit.scrolls_sideways(), page.name
