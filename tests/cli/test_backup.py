"""A data folder that is lost, and comes back from a backup: the marts as they were, and nothing asked twice."""

import shutil
from pathlib import Path

from helpers.faulty import Rule, running
from helpers.program import bluum, marts, refused, settings_for

from pipelines.destination.lock import holding
from sandbox.server import Options


def test_a_lost_folder_comes_back_and_the_night_asks_only_for_what_was_missing(tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup.duckdb"
    with running(Options(accounts=3, rate_limit=0)) as sandbox:
        settings = settings_for(sandbox, data)
        failing = sandbox.world.accounts[1].account_id
        sandbox.faults.set([Rule("status", status=400, endpoint="pnl", account=failing)])
        assert bluum("sync", cwd=tmp_path, **settings).returncode == 3
        sandbox.faults.clear()
        before = marts(data)

        made = bluum("backup", "--to", str(backup), cwd=tmp_path, **settings)
        assert made.returncode == 0, made.stderr
        assert "the newest night 2022-06-15" in made.stdout
        there = refused(bluum("restore", "--from", str(backup), cwd=tmp_path, **settings))
        assert f"{data / 'warehouse.duckdb'} is there and was not touched" in there
        shutil.rmtree(data)
        restored = bluum("restore", "--from", str(backup), cwd=tmp_path, **settings)

        assert restored.returncode == 0, restored.stderr
        assert "run `bluum forget`" in restored.stdout
        assert marts(data) == before
        assert (data / "report" / "index.html").exists()
        sandbox.requests.clear()
        assert bluum("sync", cwd=tmp_path, **settings).returncode == 0
        (path,) = [entry.path for entry in sandbox.requests.entries]
        assert f"{failing}/reports/pnl" in path


def test_a_backup_waits_for_no_night_and_says_so(tmp_path: Path) -> None:
    with holding(tmp_path / "data", "bluum sync"):
        line = refused(bluum("backup", "--to", "backup.duckdb", cwd=tmp_path, BLUUM_DATA_DIR="data", BLUUM_PROFILE="default",
                             BLUUM_API_KEY="k", BLUUM_API_SECRET="s"))  # fmt: skip
    assert "`bluum sync` (process" in line
    assert "nothing was done" in line
