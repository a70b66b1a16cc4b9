"""Dagster's UI, opened in a folder that is not the checkout: its runs must read the settings of that folder."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from helpers.processes import children


def where(pids: list[int]) -> dict[str, tuple[Path, str]]:
    """Folder and Dagster home of those of the processes that are Dagster's servers."""
    found: dict[str, tuple[Path, str]] = {}
    for pid in pids:
        with suppress(OSError):  # one that has ended in the meantime
            process = Path(f"/proc/{pid}")
            command = process.joinpath("cmdline").read_text()
            environment = process.joinpath("environ").read_text().split("\0")
            (home,) = (pair.removeprefix("DAGSTER_HOME=") for pair in environment if pair.startswith("DAGSTER_HOME="))
            for server in ("code-server", "dagster_webserver", "dagster._daemon"):
                if server in command.split("\0"):
                    found[server] = (process.joinpath("cwd").readlink(), home)
    return found


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="asks Linux where a process runs")
def test_dagster_runs_where_it_was_opened_and_imports_nothing_from_there(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BLUUM_API_KEY=k\nBLUUM_API_SECRET=s\nBLUUM_DATA_DIR=ours\n")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "__init__.py").write_text("raise RuntimeError('the assets of somebody else')")
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    said = []
    command = [Path(sys.executable).with_name("bluum"), "dev"]
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True) as dagster:
        try:
            assert dagster.stdout is not None
            for line in dagster.stdout:
                said.append(line)
                if "Serving dagster-webserver" in line:
                    break
            servers = where(children(dagster.pid))
        finally:
            for pid in [dagster.pid, *children(dagster.pid)]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
    assert "the assets of somebody else" not in "".join(said)
    ours = (tmp_path, str(tmp_path / "ours" / "dagster"))
    # The code's server is the one that starts the runs.
    assert servers == {"code-server": ours, "dagster_webserver": ours, "dagster._daemon": ours}
