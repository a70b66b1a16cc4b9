"""dbt as a process of its own: it works for as long as somebody reads what it says, and no longer."""

import subprocess
import sys
from pathlib import Path

import pytest

from assets.project import ROOT

BLUUM_DBT = Path(sys.executable).with_name("bluum-dbt")


def parse(target: Path, *flags: str) -> subprocess.Popen[bytes]:
    folders = ["--project-dir", ROOT / "sql", "--profiles-dir", ROOT / "sql", "--target-path", target, "--log-path", target]
    return subprocess.Popen([BLUUM_DBT, *flags, "parse", *folders], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def test_dbt_does_its_work_while_its_output_is_read(tmp_path: Path) -> None:
    with parse(tmp_path) as process:
        assert process.stdout is not None
        assert b"Running with dbt" in process.stdout.read()
        assert process.wait(120) == 0
    assert (tmp_path / "manifest.json").exists()


def test_what_dbt_refuses_before_it_has_a_log_is_told(tmp_path: Path) -> None:
    with parse(tmp_path, "--warn-error", "--warn-error-options", '{"error": "all"}') as process:
        assert process.stdout is not None
        assert b"warn_error_options: not allowed with argument warn_error" in process.stdout.read()
        assert process.wait(120) == 2


def test_dbt_tells_what_is_for_debugging_when_asked_to_and_not_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {}
    for asked in (True, False):
        with monkeypatch.context() as patch:
            patch.setenv("DBT_LOG_LEVEL", "debug")
            if asked:
                patch.setenv("DBT_DEBUG", "1")
            with parse(tmp_path) as process:
                assert process.stdout is not None
                said[asked] = b"Flushing usage events" in process.stdout.read()
    assert said == {True: True, False: False}


def test_dbt_ends_with_whoever_started_it(tmp_path: Path) -> None:
    process = parse(tmp_path)
    assert process.stdout is not None
    process.stdout.close()  # as the operating system does for a process that is killed
    assert process.wait(120) == 1
    assert not (tmp_path / "manifest.json").exists()
