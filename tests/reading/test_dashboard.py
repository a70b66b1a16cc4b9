"""The dashboard as its readers have it: in a browser, on their laptop and phone, while nights are being published."""

import os
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import psutil
import pytest
from helpers.browser import Browser, Visit
from helpers.dashboard import dashboard
from helpers.small_bi import CORE, NIGHTS, publish, story

from reading import Marts

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("data") / "bi.duckdb", story())


@pytest.fixture(scope="module")
def server(bi: Path) -> Iterator[tuple[str, psutil.Process]]:
    with dashboard(bi) as served:
        yield served


def _figures(visit: Visit, table: str) -> list[Decimal]:
    """Every figure of a table, with all of its digits."""
    visit.page.get_by_role("table", name=table).wait_for()
    cells = visit.page.get_by_role("table", name=table).locator("data").all()
    return [Decimal(cell.get_attribute("value") or "") for cell in cells]


def _drawn(visit: Visit) -> None:
    """Wait until the last part of the page has its figures, and the pictures are drawn."""
    visit.page.get_by_role("heading", name="What moved between the two nights").wait_for()
    visit.page.locator("svg.marks").nth(5).wait_for()


@pytest.fixture(scope="module")
def laptop(browser: Browser, server: tuple[str, psutil.Process]) -> Iterator[Visit]:
    with browser.open(server[0]) as visit:
        _drawn(visit)
        yield visit


@pytest.fixture(scope="module")
def phone(browser: Browser, server: tuple[str, psutil.Process]) -> Iterator[Visit]:
    with browser.open(server[0], width=390) as visit:
        _drawn(visit)
        yield visit


def test_the_figures_on_the_page_are_those_of_the_marts_to_the_last_digit(laptop: Visit, bi: Path) -> None:
    drift = Marts(bi).sql(
        "select drift_percent from marts.drift_wide where as_of_date = '2022-03-25' order by portfolio_id, asset_class"
    )
    assert _figures(laptop, "Drift from target, in percentage points") == drift.arrow().column(0).to_pylist()
    (net,) = Marts(bi).sql("select sum(net_pnl) from marts.pnl_daily").arrow().column(0).to_pylist()
    assert (
        _figures(laptop, "By account, the lowest of each currency first")[0] == net == Decimal("37037036703703707.370370367")
    )


def test_a_missing_night_is_a_gap_in_the_line_and_in_the_band(laptop: Visit) -> None:
    panel = laptop.page.locator("svg.marks").first
    lines = [path.get_attribute("d") or "" for path in panel.locator(".mark-line path").all()]
    areas = [path.get_attribute("d") or "" for path in panel.locator(".mark-area path").all()]
    assert [line.count("M") for line in lines] == [2, 2]  # target and actual, each begun again after the Wednesday
    assert [area.count("M") for area in areas] == [2]


def test_a_name_in_markup_is_text(laptop: Visit) -> None:
    laptop.page.get_by_role("rowheader", name="<b>Bold</b> & Co").first.wait_for()
    assert laptop.page.locator("b", has_text="Bold").count() == 0


@pytest.mark.parametrize("window", ["laptop", "phone"])
def test_nothing_is_complained_of_asked_elsewhere_hard_to_read_or_wider_than_the_window(
    window: str, request: pytest.FixtureRequest, server: tuple[str, psutil.Process]
) -> None:
    visit: Visit = request.getfixturevalue(window)
    assert visit.complaints == []
    assert visit.strangers == []
    assert visit.violations() == []
    assert not visit.scrolls_sideways()
    reached = [each.raddr.ip for each in server[1].net_connections() if each.raddr]
    assert set(reached) == {"127.0.0.1"}


def test_a_night_that_is_published_shows_by_itself_and_what_was_chosen_stays(browser: Browser, tmp_path: Path) -> None:
    bi = publish(tmp_path / "bi.duckdb", story())
    with dashboard(bi) as (address, _), browser.open(address) as visit:
        heat = visit.page.get_by_role("table", name="Drift from target, in percentage points")
        _drawn(visit)
        visit.page.get_by_label("Portfolio", exact=True).select_option("Core · …4321 · 0001")
        visit.page.wait_for_function("!document.body.innerText.includes('Bold')")
        publish(bi, story([*NIGHTS, NIGHTS[-1] + timedelta(3)]))
        visit.page.get_by_text("Night of 28 Mar 2022").wait_for()
        heat.locator("data[value='10.123456789']").wait_for()
        assert heat.get_by_role("rowheader").count() == 1
        drift = Marts(bi).ask("drift_by_class", portfolio_id=CORE).rows()
        assert sorted(_figures(visit, "Drift from target, in percentage points")) == sorted(
            r["drift_percent"] for r in drift
        )


def test_before_the_first_night_the_page_says_why_it_is_empty_and_then_fills_itself(
    browser: Browser, tmp_path: Path
) -> None:
    bi = tmp_path / "bi.duckdb"
    with dashboard(bi) as (address, _), browser.open(address) as visit:
        visit.page.get_by_text(f"there is no {bi} yet").wait_for()
        assert visit.violations() == []
        publish(bi, {})
        visit.page.get_by_text("No night has landed yet").wait_for()
        older = publish(tmp_path / "older.duckdb", story())
        with duckdb.connect(str(older)) as connection:
            connection.execute("drop table marts.drift_causes_daily")
        os.replace(older, bi)
        visit.page.get_by_text("was made by another version; `bluum sync`, or `bluum replay`, builds").wait_for()
        publish(bi, story(NIGHTS[:1], with_policy=False))
        visit.page.get_by_text("0 of 2 portfolios that were analysed on 21 Mar 2022; 2 not known.").wait_for()
        visit.page.get_by_text("0 inside, 0 not known, 1 without a policy").wait_for()
        visit.page.get_by_text("No policy with bands was in force").wait_for()
        visit.page.get_by_text("It takes two nights to say what moved drift, and one is here.").wait_for()
        visit.page.get_by_text("No P&L is known between these nights").wait_for()
        assert visit.complaints == []
