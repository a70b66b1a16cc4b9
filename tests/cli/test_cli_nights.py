"""Nights that are not like others, by the program itself."""

from pathlib import Path

from helpers.faulty import running
from helpers.program import bluum, bluum_as_installed, marts, settings_for

from sandbox.server import Options


def test_without_any_setting_the_bundled_sandbox_is_asked_and_said_to_be(tmp_path: Path) -> None:
    run = bluum_as_installed("sync", cwd=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "asking the bundled sandbox, whose people and money are made up" in run.stdout
    assert "0 rate limited" in run.stdout  # at the published limit, without anybody having set it
    own = tmp_path / "data" / "sandbox"
    assert f"duckdb -readonly {own / 'bi.duckdb'}" in run.stdout
    assert len(marts(own)["pnl_daily"]) >= 12
    assert [path.name for path in own.parent.iterdir()] == ["sandbox"]
    assert f"{own / 'bi.duckdb'}: night of" in bluum("status", cwd=tmp_path).stdout
    assert f"{own / 'bi.duckdb'}: " in bluum("publish", cwd=tmp_path).stdout


def test_a_night_with_a_failure_lands_the_rest_and_names_it(tmp_path: Path) -> None:
    with running(Options(accounts=2, rate_limit=0)) as sandbox:
        bad, good = sandbox.world.accounts
        rule = {"kind": "forbidden", "frame": "flat", "endpoint": "positions", "account": bad.account_id}
        sandbox.faults.set([rule])
        run = bluum("sync", cwd=tmp_path, **settings_for(sandbox, tmp_path / "data"))
    assert run.returncode == 3, run.stdout + run.stderr
    assert "1 landed of 2 expected" in " ".join(run.stdout.split())
    assert f"Missing: positions of account {bad.account_id}" in run.stdout
    assert "this key may not read the resource" in run.stdout
    assert {row[1] for row in marts(tmp_path / "data")["positions_daily"]} == {good.account_id}


def test_a_tenant_without_accounts_has_a_complete_and_empty_night(tmp_path: Path) -> None:
    with running(Options(accounts=2, rate_limit=0)) as sandbox:
        sandbox.faults.set([{"kind": "empty_roster"}])
        run = bluum("sync", cwd=tmp_path, **settings_for(sandbox, tmp_path / "data"))
    assert run.returncode == 0, run.stdout + run.stderr
    assert "0 landed of 0 expected" in " ".join(run.stdout.split())
    filled = {table for table, rows in marts(tmp_path / "data").items() if rows}
    assert filled <= {"dates", "sync_coverage_daily"}
