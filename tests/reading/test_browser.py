"""The browser that tests look with sees what is wrong with a page: else a page without findings would prove nothing."""

from pathlib import Path

import pytest
from helpers.browser import Browser

pytestmark = pytest.mark.slow


def _page(folder: Path, body: str) -> Path:
    path = folder / "page.html"
    path.write_text(f'<!doctype html><html lang="en"><title>t</title><main><h1>h</h1>{body}</main></html>')
    return path


def test_a_page_without_fault_has_none_found(browser: Browser, tmp_path: Path) -> None:
    path = _page(tmp_path, '<p>text</p><img alt="dot" src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=">')
    with browser.open(path, width=390) as visit:
        assert visit.complaints == []
        assert visit.strangers == []
        assert visit.violations() == []
        assert not visit.scrolls_sideways()
        assert visit.screenshot(tmp_path / "page.png").stat().st_size > 0


def test_errors_and_addresses_elsewhere_are_seen(browser: Browser, tmp_path: Path) -> None:
    script = "console.error('broken'); new Image().src = 'https://elsewhere.invalid/pixel'; throw Error('thrown')"
    with browser.open(_page(tmp_path, f"<script>{script}</script>")) as visit:
        assert visit.strangers == ["https://elsewhere.invalid/pixel"]
        assert any("broken" in complaint for complaint in visit.complaints)
        assert any("thrown" in complaint for complaint in visit.complaints)


def test_what_axe_finds_is_named_and_a_part_can_be_left_out(browser: Browser, tmp_path: Path) -> None:
    with browser.open(_page(tmp_path, '<div id="theirs"><img src="data:,"></div>')) as visit:
        (found,) = visit.violations()
        assert found.startswith("image-alt (critical)")
        assert visit.violations(exclude=["#theirs"]) == []


def test_a_page_wider_than_its_window_is_seen(browser: Browser, tmp_path: Path) -> None:
    path = _page(tmp_path, '<div style="width: 500px">wide</div>')
    with browser.open(path, width=390) as narrow, browser.open(path, width=1280) as wide:
        assert narrow.scrolls_sideways()
        assert not wide.scrolls_sideways()
