"""The picture in docs/architecture.md is the code: its arrows are the imports, and no file imports itself in a circle."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

PROJECT = Path(__file__).parents[1]
ROOMS = ("cli", "assets", "pipelines", "reading", "sandbox")
# Imported from everywhere, and so not drawn.
GROUND = {"errors", "settings", "profiles", "lake", "lake_settings", "literal", "memory"}


def _files() -> dict[str, Path]:
    """Every module of the program by its dotted name."""
    paths = (path for room in ROOMS for path in (PROJECT / room).rglob("*.py"))
    return {".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def _imports(path: Path, names: set[str]) -> Iterator[str]:
    """The modules of the program that a file imports, wherever in the file it does."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in names:
                    yield inner
                elif node.module in names:
                    yield node.module


def _room(module: str) -> str:
    """The room of a module as the picture names it: a folder of pipelines/ or sandbox/, or a file beside them."""
    parts = module.split(".")
    return parts[1] if parts[0] in ("pipelines", "sandbox") and len(parts) > 1 else parts[0]


def _drawn() -> set[tuple[str, str]]:
    text = (PROJECT / "docs" / "architecture.md").read_text()
    (picture,) = re.findall(r"```mermaid\n(.*?)```", text, re.DOTALL)
    return set(re.findall(r"^\s*(\w+) --> (\w+)", picture, re.MULTILINE))


def test_the_picture_has_an_arrow_for_every_import_between_rooms_and_no_other() -> None:
    files = _files()
    arrows = {(_room(module), _room(other)) for module, path in files.items() for other in _imports(path, set(files))}
    assert {(a, b) for a, b in arrows if a != b and not {a, b} & GROUND} == _drawn()


def test_no_modules_import_each_other_in_a_circle() -> None:
    files = _files()
    TopologicalSorter({module: set(_imports(path, set(files))) - {module} for module, path in files.items()}).prepare()


def test_the_sandbox_is_not_the_biggest_room() -> None:
    lines = {room: sum(len(path.read_text().splitlines()) for path in (PROJECT / room).rglob("*.py")) for room in ROOMS}
    assert max(lines, key=lambda room: lines[room]) == "pipelines"
