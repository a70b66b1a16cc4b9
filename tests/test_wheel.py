"""The program as `pip install` brings it: the built wheel alone, in an environment of its own, from an empty folder."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import duckdb
import pytest

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
    written = {path.relative_to(ROOT).as_posix() for path in (ROOT / "sql").rglob("*.sql") if "target" not in path.parts}
    bundled = {name.removeprefix("assets/bundled/") for name in names if name.startswith("assets/bundled/")}
    assert written <= bundled
    assert {"workspace.yaml", "dagster.yaml", "sql/dbt_project.yml", "sql/profiles.yml"} <= bundled
    assert [name for name in names if "target" in name.split("/") or name.startswith(("tests/", "data/"))] == []


def test_the_installed_program_syncs_a_night_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    folder, home = tmp_path / "empty", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    env = {"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    before = set(installed.parent.rglob("*"))
    run = subprocess.run([installed / "bluum", "sync"], cwd=folder, env=env, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    with duckdb.connect(str(folder / "data" / "sandbox" / "bi.duckdb"), read_only=True) as connection:
        assert connection.execute("select count(*) > 0 from marts.positions_daily").fetchall() == [(True,)]
    assert [path.name for path in folder.iterdir()] == ["data"]
    assert set(installed.parent.rglob("*")) == before  # a package that root has installed cannot be written
    where = "import assets.project; print(assets.project.ROOT)"
    found = subprocess.run([installed / "python", "-c", where], cwd=folder, env=env, capture_output=True, text=True)
    assert str(installed.parent) in found.stdout  # it was the installed one that ran, not this checkout
    assert os.listdir(home) == [".cache"]  # noqa: PTH208
