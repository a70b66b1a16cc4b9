"""Debian's Chromium, as somebody who opens a page has it: what it complains of, what it asks for, who can read it.

    with chromium() as browser, browser.open(path_or_url, width=390) as visit:
        assert visit.complaints == [] and visit.strangers == []
        assert visit.violations() == [] and not visit.scrolls_sideways()

A machine without Chromium skips the tests that lean on this. Nothing a page asks for is blocked or answered here.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import ConsoleMessage, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",  # the same glyph widths on every machine
)
SECONDS = 30_000
"""For how long something may take to appear; in milliseconds, as playwright counts."""


@dataclass
class Visit:
    """A page that is open, and what it has done since it was opened."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    """Errors on the console, and exceptions that nobody caught."""
    asked: list[str] = field(default_factory=list)
    """Every address that was asked for, sockets too."""

    @property
    def strangers(self) -> list[str]:
        """What was asked for beyond this machine; an address that stands in the page itself is not asked of anybody."""
        return [url for url in self.asked if not _is_of_this_machine(url)]

    def violations(self, include: str = "html", exclude: Sequence[str] = ()) -> list[str]:
        """What axe finds: the rule, what it wants, and the elements that break it; `exclude` takes CSS selectors."""
        self.page.evaluate(AXE_SCRIPT)
        what = {"include": [[include]], "exclude": [[selector] for selector in exclude]}
        found: dict[str, Any] = self.page.evaluate("what => axe.run(what, {resultTypes: ['violations']})", what)
        return [
            f"{rule['id']} ({rule['impact']}): {rule['help']}: "
            + "; ".join(f"{node['target']} {node['html'][:200]}" for node in rule["nodes"][:5])
            for rule in found["violations"]
        ]

    def scrolls_sideways(self) -> bool:
        """Whether the page as a whole is wider than the window; a table that scrolls within itself is not meant."""
        wider: bool = self.page.evaluate(
            "Math.max(document.body.scrollWidth, document.documentElement.scrollWidth) > innerWidth"
        )
        return wider

    def screenshot(self, path: Path) -> Path:
        """All of the page, as a picture."""
        self.page.screenshot(path=path, full_page=True)
        return path


@dataclass(frozen=True)
class Browser:
    """A Chromium that runs; each visit has cookies and storage of its own."""

    chromium: Chromium

    @contextmanager
    def open(
        self, where: Path | str, width: int = 1280, height: int = 900, scheme: Literal["light", "dark"] = "light"
    ) -> Iterator[Visit]:
        """Open a file or an address in a window of that size, and wait until it has loaded."""
        context = self.chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, locale="en-US")
        context.set_default_timeout(SECONDS)
        page = context.new_page()
        visit = Visit(page)

        def heard(message: ConsoleMessage) -> None:
            if message.type == "error":
                visit.complaints.append(f"{message.text} ({message.location.get('url', '')})")

        page.on("console", heard)
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        page.on("websocket", lambda socket: visit.asked.append(socket.url))
        context.on("request", lambda request: visit.asked.append(request.url))  # workers' and frames', too
        try:
            page.goto(where.resolve().as_uri() if isinstance(where, Path) else where)
            yield visit
        finally:
            context.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium; skips the test on a machine that has none.

    Leave it before a test runs a loop of its own: playwright keeps one running in this thread as long as it is open.
    """
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}: `apt-get install chromium` brings what this test looks with")
    of_root = ["--no-sandbox"] if os.geteuid() == 0 else []  # root's own processes cannot be put into Chromium's sandbox
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *of_root])
        try:
            yield Browser(browser)
        finally:
            browser.close()


def _is_of_this_machine(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme in ("file", "data", "blob", "about"):
        return True
    host = parts.hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
