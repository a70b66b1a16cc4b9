"""What a page of the report says and draws, read out of its file."""

import re
from html import unescape
from pathlib import Path

from reading.report.names import portfolio_file


def pages(report: Path) -> list[Path]:
    """All pages of a report."""
    return sorted(report.resolve().rglob("*.html"))


def values(page: str) -> set[str]:
    """Every figure of a page, with all its digits."""
    return set(re.findall(r'<data value="([^"]*)"', page))


def text(page: Path) -> str:
    """What a page says, without its markup and pictures."""
    bare = re.sub(r"<style>.*?</style>|<desc.*?</desc>|<title.*?</title>", "", page.read_text(), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", bare)).replace("\xa0", " ").split())


def panel(report: Path, portfolio_id: str, name: str) -> str:
    """The picture of a class on a portfolio's page."""
    page = (report / portfolio_file(portfolio_id)).read_text()
    (found,) = re.findall(rf"<figcaption>{name}</figcaption>(<svg.*?</svg>)", page, re.DOTALL)
    return str(found)


def boxes(svg: str, kind: str) -> list[tuple[float, float]]:
    """Where rectangles of a kind begin and end."""
    found = re.findall(rf'<rect class="{kind}" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', svg)
    return [(float(x), round(float(x) + float(width), 1)) for x, width in found]
