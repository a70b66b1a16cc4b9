"""Several key pairs: a night each, one after the other, in folders of their own."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.program import bluum, marts, refused, settings_for

from cli.main import worst
from sandbox.server import Options, Sandbox, running


@pytest.fixture(scope="module")
def sandboxes() -> Iterator[tuple[Sandbox, Sandbox]]:
    with (
        running(Options(accounts=2, rate_limit=0, seed="acme")) as acme,
        running(Options(accounts=3, rate_limit=0, seed="beta")) as beta,
    ):
        yield acme, beta


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


def test_all_profiles_have_their_night_and_a_bad_one_stops_none(sandboxes: tuple[Sandbox, Sandbox], tmp_path: Path) -> None:
    plain, beta = sandboxes
    profiles(tmp_path, wrong=pair(plain, api_secret="hunter2"), beta=pair(beta))
    data = tmp_path / "data"

    run = bluum("sync", "--all-profiles", cwd=tmp_path, **settings_for(plain, data))

    assert run.returncode == 1
    said = [line for line in run.stdout.splitlines() if line.startswith("Profile")]
    assert said == ["Profile default", "Profile wrong", "Profile beta"]
    (line,) = run.stderr.splitlines()
    assert line.startswith("bluum: profile wrong: ")
    assert "refuses the credentials" in line
    assert "hunter2" not in run.stdout + run.stderr
    assert not (data / "wrong" / "warehouse.duckdb").exists()
    for folder, sandbox in ((data, plain), (data / "beta", beta)):
        accounts = {row[1] for row in marts(folder)["positions_daily"]}
        assert accounts == {account.account_id for account in sandbox.world.accounts}
        assert f"duckdb -readonly {folder / 'bi.duckdb'}" in run.stdout
        assert (folder / "dagster" / "history" / "runs.db").exists()

    status = bluum("status", cwd=tmp_path, BLUUM_PROFILE="beta").stdout
    assert f"{data / 'beta' / 'bi.duckdb'}: night of" in status


@pytest.mark.parametrize(("codes", "code"), [([0, 0], 0), ([0, 3, 0], 3), ([3, 1, 0], 1), ([1, 3], 1)])
def test_the_exit_code_is_the_worst_of_all(codes: list[int], code: int) -> None:
    assert worst(codes) == code


def test_an_unknown_profile_is_one_line_that_names_the_known_ones(
    sandboxes: tuple[Sandbox, Sandbox], tmp_path: Path
) -> None:
    profiles(tmp_path, acme=pair(sandboxes[0]))
    line = refused(bluum("sync", cwd=tmp_path, BLUUM_PROFILE="amce"))
    assert line == "bluum: BLUUM_PROFILE: there is no profile 'amce' in bluum.toml; known are default, sandbox, acme"
    assert not (tmp_path / "data").exists()
