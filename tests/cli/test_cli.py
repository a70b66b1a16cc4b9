"""The program as a person runs it on a good night, and again: what it says, what it leaves."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from helpers.faulty import Sandbox, running
from helpers.program import bluum, marts, raw, refused, settings_for

from pipelines.destination.warehouse import Warehouse
from sandbox.server import Options


@dataclass
class Nights:
    """Two runs on the same night, the second by a base URL without its version."""

    sandbox: Sandbox
    data: Path
    first: subprocess.CompletedProcess[str]
    second: subprocess.CompletedProcess[str]
    marts_before: dict[str, list[tuple[object, ...]]]
    raw_before: dict[str, int]
    asked_again: list[str]


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    folder = tmp_path_factory.mktemp("nights")
    data = folder / "data"
    with running(Options(rate_limit=0)) as sandbox:
        settings = settings_for(sandbox, data)
        first = bluum("sync", cwd=folder, **settings)
        before = marts(data), raw(data)
        sandbox.requests.clear()
        second = bluum("sync", cwd=folder, **{**settings, "BLUUM_BASE_URL": sandbox.origin})
        asked_again = [entry.path for entry in sandbox.requests.entries]
        yield Nights(sandbox, data, first, second, *before, asked_again)


def test_a_night_ends_well_and_says_what_came_of_it(nights: Nights) -> None:
    assert nights.first.returncode == 0, nights.first.stderr
    assert "Night of 2022-06-15" in nights.first.stdout
    said = " ".join(nights.first.stdout.split())
    assert "12 landed of 12 expected" in said
    assert "(0 retries, 0 rate limited)" in said
    assert f"duckdb -readonly {nights.data / 'bi.duckdb'}" in nights.first.stdout
    assert "Missing" not in nights.first.stdout
    assert nights.first.stderr == ""


def test_the_second_run_of_a_night_asks_for_nothing_and_changes_no_mart_row(nights: Nights) -> None:
    assert nights.second.returncode == 0, nights.second.stderr
    assert "12 landed of 12 expected" in " ".join(nights.second.stdout.split())
    assert nights.asked_again == ["/v1/accounts"]  # what night it is
    assert raw(nights.data) == nights.raw_before
    assert marts(nights.data) == nights.marts_before


def test_a_base_url_without_its_version_works_and_is_said(nights: Nights) -> None:
    assert f"BLUUM_BASE_URL has no /v1: asking {nights.sandbox.base_url}." in nights.second.stdout
    assert "has no /v1" not in nights.first.stdout


def test_drift_and_pnl_can_be_asked_of_the_published_file(nights: Nights) -> None:
    with duckdb.connect(str(nights.data / "bi.duckdb"), read_only=True) as connection:
        drift = connection.execute("select count(*), count(actual_percent) from marts.allocation_drift_daily").fetchall()
        pnl = connection.execute("select count(distinct account_id), count(total_pnl_itd) from marts.pnl_daily").fetchall()
    assert drift[0][0] == drift[0][1] > 20
    assert pnl == [(12, 12)]


def test_the_manifest_agrees_with_the_tables_it_names(nights: Nights) -> None:
    with duckdb.connect(str(nights.data / "bi.duckdb"), read_only=True) as connection:
        manifest = dict(
            connection.execute("select schema_name || '.' || table_name, row_count from marts.manifest").fetchall()
        )
        heads = connection.execute("select distinct as_of_date::varchar, run_id is null from marts.manifest").fetchall()
    assert manifest == {table: len(rows) for table, rows in marts(nights.data).items()}
    assert len(manifest) >= 16
    assert heads == [("2022-06-15", False)]


def test_the_published_file_is_written_so_that_duckdb_1_1_opens_it(nights: Nights) -> None:
    head = (nights.data / "bi.duckdb").read_bytes()[:20]
    assert head[8:12] == b"DUCK"
    assert int.from_bytes(head[12:20], "little") == 64  # the storage format of 1.0 and 1.1; a file of 1.5 says more


def test_the_published_file_holds_marts_and_audit_and_the_views_of_the_marts_alone(nights: Nights) -> None:
    with duckdb.connect(str(nights.data / "bi.duckdb"), read_only=True) as connection:
        views = connection.execute("select view_name from duckdb_views() where not internal").fetchall()
        schemas = connection.execute("select distinct schema_name from duckdb_tables() order by all").fetchall()
        bodies = connection.execute("select table_name from duckdb_columns() where column_name = 'body'").fetchall()
        latest = connection.execute("select count(*), any_value(as_of_date)::varchar from marts.account_latest").fetchall()
    assert {name for (name,) in views} == {"account_latest", "portfolio_latest", "drift_wide"}
    assert (schemas, bodies) == ([("audit",), ("marts",)], [])
    assert latest[0][0] > 0
    assert latest[0][1] == "2022-06-15"


@pytest.mark.parametrize("mart", ["positions_daily", "allocation_drift_daily", "pnl_daily", "account_nights", "pnl_bridge"])
def test_a_row_of_the_published_file_leads_to_its_answer_in_the_same_file(nights: Nights, mart: str) -> None:
    with duckdb.connect(str(nights.data / "bi.duckdb"), read_only=True) as connection:
        lost = f"""
            select count(*), count(log.response_id) from marts.{mart} as mart
            left join audit.responses as log using (response_id) where mart.response_id is not null
        """
        ((rows, found),) = connection.execute(lost).fetchall()
    assert rows == found > 0


def test_what_is_written_is_for_its_owner(nights: Nights) -> None:
    modes = {name: (nights.data / name).stat().st_mode & 0o777 for name in ("bi.duckdb", "warehouse.duckdb")}
    assert modes == {"bi.duckdb": 0o600, "warehouse.duckdb": 0o600}


def test_the_secret_is_in_no_file_and_in_no_line(nights: Nights) -> None:
    said = nights.first.stdout + nights.first.stderr + nights.second.stdout + nights.second.stderr
    secret = nights.sandbox.secret.encode()
    files = [path for path in nights.data.rglob("*") if path.is_file()]
    assert secret.decode() not in said
    assert [path for path in files if secret in path.read_bytes()] == []
    assert len(files) > 5


def test_nothing_is_left_of_building(nights: Nights) -> None:
    assert [path.name for path in nights.data.iterdir() if "building" in path.name or path.suffix == ".wal"] == []
    assert not (nights.data / "writer.json").exists()


def test_status_tells_the_night_that_is_published(nights: Nights) -> None:
    run = bluum("status", cwd=nights.data.parent, **settings_for(nights.sandbox, nights.data))
    assert run.returncode == 0, run.stderr
    assert "night of 2022-06-15" in run.stdout


def test_publish_says_so_if_the_marts_have_not_passed_their_checks(nights: Nights, tmp_path: Path) -> None:
    warehouse = Path(shutil.copytree(nights.data, tmp_path / "data")) / "warehouse.duckdb"
    assert Warehouse(warehouse).unbuilt_loads() == []
    with duckdb.connect(str(warehouse)) as connection:  # as a check that failed leaves it
        connection.execute("delete from builds.built_loads")

    run = bluum("publish", cwd=tmp_path, **{**settings_for(nights.sandbox, tmp_path / "data"), "BLUUM_KEEP_REPORTS": "0"})

    assert run.returncode == 0, run.stderr
    assert "are in no build that passed its checks; the marts are published as they stand" in " ".join(run.stderr.split())


def test_wrong_credentials_after_a_good_night_change_nothing(nights: Nights) -> None:
    settings = {**settings_for(nights.sandbox, nights.data), "BLUUM_API_KEY": "wrong"}
    published = (nights.data / "bi.duckdb").read_bytes()
    assert "nothing was written" in refused(bluum("sync", cwd=nights.data.parent, **settings))
    assert raw(nights.data) == nights.raw_before
    assert (nights.data / "bi.duckdb").read_bytes() == published
