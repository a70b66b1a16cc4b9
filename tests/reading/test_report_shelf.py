"""Where reports stand: put whole, kept for so many nights, readable by whom bi.duckdb is, and never in the place of data."""

import os
from pathlib import Path

import duckdb
import pytest
from helpers.report_story import settings_of
from helpers.small_bi import ACCOUNT, NIGHTS, publish, story

from pipelines.errors import BluumError
from reading import Marts
from reading.report import make_account_report, make_report
from reading.report.book import write_book
from reading.report.pages import Night
from reading.report.shelf import Shelf

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with what a night has published."""
    publish(tmp_path / "bi.duckdb", story())
    return tmp_path


def test_a_warehouse_without_any_night_makes_a_page_that_says_so(tmp_path: Path) -> None:
    publish(tmp_path / "bi.duckdb", {})
    made = make_report(settings_of(tmp_path))
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
    assert kept == {"2022-02-28", str(NIGHTS[-1]), "notes of mine"}


def test_a_folder_with_a_database_is_never_dropped_as_an_old_report(folder: Path) -> None:
    (folder / "reports" / "2022-02-24").mkdir(parents=True)
    (folder / "reports" / "2022-02-24" / "warehouse.duckdb").touch()
    make_report(settings_of(folder, keep_reports=1))
    assert (folder / "reports" / "2022-02-24" / "warehouse.duckdb").exists()
    (folder / "reports" / "accounts" / ACCOUNT).mkdir(parents=True)
    (folder / "reports" / "accounts" / ACCOUNT / "mine.duckdb").touch()
    with pytest.raises(BluumError, match="holds a database, so it is no report that may be removed"):
        make_account_report(settings_of(folder), ACCOUNT)
    assert (folder / "reports" / "accounts" / ACCOUNT / "mine.duckdb").exists()


def test_nobody_else_reads_a_report_while_it_is_written(folder: Path) -> None:
    shelf, before = Shelf(settings_of(folder, bi_file_mode="644")), os.umask(0o022)
    try:
        with shelf.building() as building:
            assert building.stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(before)


@pytest.mark.parametrize(
    ("mode", "file", "directory"), [("600", 0o600, 0o700), ("640", 0o640, 0o750), ("644", 0o644, 0o755)]
)
def test_who_may_read_bi_duckdb_may_read_the_report(folder: Path, mode: str, file: int, directory: int) -> None:
    report = make_report(settings_of(folder, bi_file_mode=mode)).path.parent.resolve()
    found = {path.stat().st_mode & 0o777 for path in report.rglob("*.html")}
    folders = {path.stat().st_mode & 0o777 for path in (report, report / "accounts", report.parent)}
    assert (found, folders) == ({file}, {directory})


def test_an_account_with_more_portfolios_than_a_page_bears_is_listed_on_several_light_pages(folder: Path) -> None:
    with duckdb.connect(str(folder / "bi.duckdb")) as connection:
        more = "select * exclude (i) replace ('port_' || i as portfolio_id) from marts.portfolio_latest, range(649) as n(i)"
        connection.execute(f"insert into marts.portfolio_latest by name {more}")
    marts = Marts(folder / "bi.duckdb")
    night = Night(marts.ask("published_night", nights=252).row() or {})
    accounts, portfolios = marts.ask("accounts_tonight").rows(), marts.ask("portfolios_tonight").rows()
    assert write_book(folder, marts, night, accounts, portfolios) == 4
    lists = [path.read_text() for path in sorted(folder.glob("accounts-*.html"))]
    assert [page.count('href="portfolios/') for page in lists] == [599, 599, 102]
    assert max(len(page) for page in lists) < 300_000
