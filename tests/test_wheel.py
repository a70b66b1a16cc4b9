"""The program as `pip install` brings it: the built wheel alone, in an environment of its own, from an empty folder."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from helpers.program import marts

ROOT = Path(__file__).parent.parent
UV = Path(sys.executable).with_name("uv")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    command = [
        UV,
        "build",
        "--wheel",
        "--offline",
        "--no-build-isolation",
        "--python",
        sys.executable,
        "--out-dir",
        out,
        ROOT,
    ]
    built = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert built.returncode == 0, built.stderr
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> Path:
    """The folder of the programs of an environment with the wheel in it; only the dependencies are those of this one."""
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    command = [UV, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", python, wheel]
    assert subprocess.run(command, capture_output=True, text=True, timeout=120).returncode == 0
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"])
    return environment / "bin"


def test_the_wheel_holds_the_models_and_what_dagster_loads_and_nothing_that_was_built(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    files = [
        *(ROOT / "sql" / "models").rglob("*.*"),
        *(ROOT / "sql" / "macros").rglob("*.sql"),
        *(ROOT / "sql" / "tests").rglob("*.sql"),
    ]
    written = {path.relative_to(ROOT).as_posix() for path in files}
    bundled = {name.removeprefix("assets/bundled/") for name in names if name.startswith("assets/bundled/")}
    assert written <= bundled
    room = (ROOT / "reading").rglob("*")
    read = {path.relative_to(ROOT).as_posix() for path in room if path.suffix in (".py", ".sql", ".css")}
    assert {"reading/notebook.py", "reading/dashboard/look.css"} <= read <= names
    assert {"workspace.yaml", "dagster.yaml", "sql/dbt_project.yml", "sql/profiles.yml"} <= bundled
    assert [name for name in names if "target" in name.split("/") or name.startswith(("tests/", "data/"))] == []


def test_the_installed_program_asks_the_bundled_sandbox_from_an_empty_folder_and_says_so(
    installed: Path, tmp_path: Path
) -> None:
    folder, home = tmp_path / "empty", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    env = {"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(program: str, *arguments: str) -> str:
        command = [installed / program, *arguments]
        ended = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    before = set(installed.parent.rglob("*"))
    said = run("bluum", "sync")
    assert "asking the bundled sandbox, whose people and money are made up" in said
    assert "0 rate limited" in said  # at the published limit, without anybody having set it
    bi = folder / "data" / "sandbox" / "bi.duckdb"
    assert f"duckdb -readonly {bi}" in said
    assert f"{bi}: night of" in run("bluum", "status")
    assert f"{bi}: " in run("bluum", "publish")
    assert len(marts(bi.parent)["marts.pnl_daily"]) >= 12
    assert "USD" in run("bluum", "sql", "select currency, net_pnl from marts.pnl_daily")
    assert [path.relative_to(folder).as_posix() for path in (*folder.iterdir(), *folder.glob("data/*"))] == [
        "data",
        "data/sandbox",
    ]
    assert set(installed.parent.rglob("*")) == before  # a package that root has installed cannot be written
    where = run("python", "-c", "import assets.project; print(assets.project.ROOT)")
    assert str(installed.parent) in where  # it was the installed one that ran, not this checkout
    assert os.listdir(home) == [".cache"]  # noqa: PTH208
