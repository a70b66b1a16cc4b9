"""Several key pairs: a night each, one after the other, in folders of their own, whatever becomes of the others."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from helpers.faulty import Sandbox, running
from helpers.program import bluum, marts, refused, settings_for

from cli.nights import worst
from sandbox.server import Options


def profiles(folder: Path, **tables: dict[str, str]) -> None:
    """Write bluum.toml; a JSON string is a TOML string too."""
    lines = [
        line
        for name, table in tables.items()
        for line in (f"[profiles.{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items()))
    ]
    (folder / "bluum.toml").write_text("\n".join(lines))
    (folder / "bluum.toml").chmod(0o600)


def pair(sandbox: Sandbox, **more: str) -> dict[str, str]:
    return {"base_url": sandbox.base_url, "api_key": sandbox.key, "api_secret": sandbox.secret, **more}


@dataclass
class Nights:
    """One run of three profiles: one loses an account's positions, one is refused, one has no accounts."""

    folder: Path
    failing: Sandbox
    run: subprocess.CompletedProcess[str]

    def said(self, profile: str) -> str:
        """What was printed of one profile, in one line."""
        _, *parts = f"\n{self.run.stdout}".split("\nProfile ")
        said = {part.split("\n", 1)[0]: " ".join(part.split()) for part in parts}
        assert list(said) == ["default", "wrong", "empty"]
        return said[profile]


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    folder = tmp_path_factory.mktemp("profiles")
    with (
        running(Options(accounts=2, rate_limit=0, seed="acme")) as failing,
        running(Options(accounts=2, rate_limit=0, seed="beta")) as empty,
    ):
        bad = failing.world.accounts[0].account_id
        failing.faults.set([{"kind": "forbidden", "frame": "flat", "endpoint": "positions", "account": bad}])
        empty.faults.set([{"kind": "empty_roster"}])
        profiles(folder, wrong=pair(failing, api_secret="hunter2"), empty=pair(empty))
        run = bluum("sync", "--all-profiles", cwd=folder, **settings_for(failing, folder / "data"))
        yield Nights(folder, failing, run)


def test_all_profiles_have_their_night_and_a_bad_one_stops_none(nights: Nights) -> None:
    data = nights.folder / "data"
    assert nights.run.returncode == 1
    (line,) = nights.run.stderr.splitlines()
    assert line.startswith("bluum: profile wrong: ")
    assert "refuses the credentials" in line
    assert "hunter2" not in nights.run.stdout + nights.run.stderr
    assert not (data / "wrong" / "warehouse.duckdb").exists()
    for profile, folder in (("default", data), ("empty", data / "empty")):
        assert f"duckdb -readonly {folder / 'bi.duckdb'}" in nights.said(profile)
        assert (folder / "dagster" / "history" / "runs.db").exists()

    status = bluum("status", cwd=nights.folder, BLUUM_PROFILE="empty").stdout
    assert f"{data / 'empty' / 'bi.duckdb'}: night of" in status


def test_a_night_with_a_failure_lands_the_rest_and_names_it(nights: Nights) -> None:
    bad, good = nights.failing.world.accounts
    said = nights.said("default")
    assert "1 landed of 2 expected" in said
    assert f"Missing: positions of account {bad.account_id}" in said
    assert "this key may not read the resource" in said
    assert {row[1] for row in marts(nights.folder / "data")["marts.positions_daily"]} == {good.account_id}


def test_a_tenant_without_accounts_has_a_complete_and_empty_night(nights: Nights) -> None:
    assert "0 landed of 0 expected" in nights.said("empty")
    assert "Missing" not in nights.said("empty")
    filled = {table for table, rows in marts(nights.folder / "data" / "empty").items() if rows}
    assert filled <= {"marts.dates", "marts.sync_coverage_daily", "audit.responses"}


@pytest.mark.parametrize(("codes", "code"), [([0, 0], 0), ([0, 3, 0], 3), ([3, 1, 0], 1), ([1, 3], 1)])
def test_the_exit_code_is_the_worst_of_all(codes: list[int], code: int) -> None:
    assert worst(codes) == code


def test_an_unknown_profile_is_one_line_that_names_the_known_ones(tmp_path: Path) -> None:
    profiles(tmp_path, acme={"base_url": "http://127.0.0.1:1/v1", "api_key": "key", "api_secret": "secret"})
    line = refused(bluum("sync", cwd=tmp_path, BLUUM_PROFILE="amce"))
    assert line == "bluum: BLUUM_PROFILE: there is no profile 'amce' in bluum.toml; known are default, sandbox, acme"
    assert not (tmp_path / "data").exists()
