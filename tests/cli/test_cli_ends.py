"""Runs that end before they begin: one clear line, exit code 1, nothing lost."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.faulty import Sandbox, running
from helpers.program import bluum, refused, settings_for

from pipelines.destination.lock import holding
from sandbox.server import Options


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running(Options(accounts=2, rate_limit=0)) as operator:
        yield operator


def test_wrong_credentials(sandbox: Sandbox, tmp_path: Path) -> None:
    settings = {**settings_for(sandbox, tmp_path / "data"), "BLUUM_API_SECRET": "hunter2"}
    line = refused(bluum("sync", cwd=tmp_path, **settings))
    assert "refuses the credentials" in line
    assert "hunter2" not in line
    assert list(tmp_path.rglob("*.duckdb")) == []


def test_nobody_at_the_base_url(sandbox: Sandbox, tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    line = refused(bluum("sync", cwd=tmp_path, **{**settings_for(sandbox, tmp_path / "data"), "BLUUM_BASE_URL": url}))
    assert f"no answer from {url}" in line
    assert list(tmp_path.rglob("*.duckdb")) == []


def test_a_data_folder_that_cannot_be_written(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    sandbox.requests.clear()
    line = refused(bluum("sync", cwd=tmp_path, **settings_for(sandbox, tmp_path / "file" / "data")))
    assert f"the data folder {tmp_path / 'file' / 'data'} cannot be written" in line
    assert sandbox.requests.total == 0


def test_a_damaged_warehouse_is_left_as_it_is(sandbox: Sandbox, tmp_path: Path) -> None:
    damaged = tmp_path / "data" / "warehouse.duckdb"
    damaged.parent.mkdir()
    damaged.write_bytes(b"no database " * 1000)
    line = refused(bluum("sync", cwd=tmp_path, **settings_for(sandbox, tmp_path / "data")))
    assert f"{damaged} cannot be opened, and was left as it is" in line
    assert damaged.read_bytes() == b"no database " * 1000


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("BLUUM_SURFACE", "wealth", "BLUUM_SURFACE ('wealth'): Input should be 'accounts' or 'investors'"),
        ("BLUUM_BASE_URL", "http://api.bluumfinance.com/v1", "must be https"),
        ("BLUUM_BASE_URL", "api.bluumfinance.com", "must look like https://host/v1"),
        ("BLUUM_API_SECRET", "", "BLUUM_API_SECRET is missing"),
        ("BLUUM_RATE_LIMIT", "fast", "BLUUM_RATE_LIMIT ('fast')"),
    ],
)
def test_a_setting_that_cannot_be(sandbox: Sandbox, tmp_path: Path, setting: str, value: str, said: str) -> None:
    line = refused(bluum("sync", cwd=tmp_path, **{**settings_for(sandbox, tmp_path / "data"), setting: value}))
    assert said in line
    assert not (tmp_path / "data").exists()


def test_a_base_url_with_credentials_is_refused_without_repeating_them(sandbox: Sandbox, tmp_path: Path) -> None:
    url = "https://key:hunter2@host.example/v1"
    run = bluum("sync", cwd=tmp_path, **{**settings_for(sandbox, tmp_path / "data"), "BLUUM_BASE_URL": url})
    assert "must not hold credentials" in refused(run)
    assert "hunter2" not in run.stdout + run.stderr


def test_another_writer_is_named(sandbox: Sandbox, tmp_path: Path) -> None:
    with holding(tmp_path / "data", "a test that writes"):
        line = refused(bluum("sync", cwd=tmp_path, **settings_for(sandbox, tmp_path / "data")))
    assert "`a test that writes` (process" in line
    assert "nothing was done" in line


@pytest.mark.parametrize("arguments", [("--help",), ("sync", "--help")])
def test_help_answers_at_once_and_needs_no_settings(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    run = bluum(*arguments, cwd=tmp_path, BLUUM_SURFACE="nonsense")
    assert run.returncode == 0
    assert "sync" in run.stdout


def test_an_unknown_command_is_wrong_usage(tmp_path: Path) -> None:
    assert bluum("snyc", cwd=tmp_path).returncode == 2


def test_a_port_that_is_none_is_wrong_usage(tmp_path: Path) -> None:
    for command in ("sandbox", "dashboard", "notebook"):
        ended = bluum(command, "--port", "99999", cwd=tmp_path)
        assert ended.returncode == 2, ended
        assert "--port" in ended.stderr
