"""The morning report of a small real history: its figures are SQL's, its pictures tell gaps as gaps, it is put whole."""

import os
import re
import shutil
from datetime import date, timedelta
from decimal import Decimal
from math import inf, nextafter
from pathlib import Path

import duckdb
import pytest
from helpers.browser import Browser
from helpers.sql_warehouse import Dbt, Night, create_raw
from hypothesis import given
from hypothesis import strategies as st

from pipelines.destination.publish import publish
from pipelines.errors import BluumError
from pipelines.profiles import DEFAULT
from pipelines.settings import Settings
from reading import Marts
from reading.report import make_account_report, make_report
from reading.report.drawing import BOTTOM, TOP, WIDE, Frame
from reading.report.names import account_file, portfolio_file
from reading.report.shelf import Shelf

MARKUP = '<script>alert("Core")</script> & sons'
ODD = "acc_../<b>1"
FIRST = date(2022, 3, 1)
MISSED = 3
FORGOTTEN = 5
OPENED = date(2021, 1, 4)
pytestmark = pytest.mark.slow


def settings_of(folder: Path, **values: object) -> Settings:
    settings = Settings(_env_file=None, data_dir=folder)  # type: ignore[call-arg]
    return settings.model_copy(update={"profile": DEFAULT, **values})


def night(number: int, day: date) -> Night:
    """Two accounts: one whose portfolio leaves its band while its policy forgets a class, one of which nothing is known."""
    asked = Night(day, f"load-{number}")
    account = {"status": "ACTIVE", "currency": "USD", "opened_on": OPENED, "account_number_last4": "1234"}
    asked.ask("accounts", accounts=[{**account, "account_id": ODD}, {**account, "account_id": "acc_2"}])
    for one in (ODD, "acc_2"):
        held = [{"portfolio_id": "pf_1", "name": MARKUP, "currency": "USD", "status": "active"}] if one == ODD else []
        asked.ask("positions", one)
        asked.ask("portfolios", one, portfolios=held)
    equities = 60 + number
    asked.drift(ODD, "pf_1", {"equities": ("55", f"{equities}.25"), "cash": ("45", f"{99 - equities}.75")})
    if number < FORGOTTEN:
        asked.policy(ODD, 1, OPENED, {"equities": ("45", "55", "65"), "cash": ("20", "45", "60")})
    else:
        asked.policy(ODD, 2, day_of(FORGOTTEN), {"equities": ("45", "55", "65")}, history={1: OPENED})
    asked.ask("investment_policy", "acc_2", outcome="absent")
    asked.pnl(ODD, OPENED, day, total_pnl=f"{1000 * number}.123456789")
    return asked


def day_of(number: int) -> date:
    """The n-th session from FIRST, which is a Tuesday."""
    return FIRST + timedelta(number + 2 * ((number + 1) // 5))


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two data folders: after the first night, and after nine sessions of which one was missed."""
    folder, dbt = tmp_path_factory.mktemp("data"), Dbt(tmp_path_factory.mktemp("dbt"))
    one = folder / "one"
    create_raw(folder / "warehouse.duckdb")
    night(0, FIRST).load(folder / "warehouse.duckdb")
    dbt.run(folder / "warehouse.duckdb")
    publish(settings_of(folder), "first")
    one.mkdir()
    shutil.copy(folder / "bi.duckdb", one)
    for number in range(1, 9):
        if number != MISSED:
            night(number, day_of(number)).load(folder / "warehouse.duckdb")
    dbt.run(folder / "warehouse.duckdb")
    publish(settings_of(folder), "last")
    return one, folder


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


@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_can_be_read_by_everybody_and_asks_for_nothing(browser: Browser, report: Path, width: int) -> None:
    for page in pages(report):
        with browser.open(page, width=width, scheme="light" if width == 1280 else "dark") as visit:
            assert (visit.complaints, visit.asked) == ([], [page.as_uri()]), page.name
            assert visit.violations() == [], page.name
            assert not visit.scrolls_sideways(), page.name
