"""The program as installed, on a lake in the place of the file: every command a person types, and what it leaves behind."""

from pathlib import Path

import duckdb
import pytest
from helpers.house import House
from helpers.lakes import Catalog, rows
from helpers.program import bluum, settings_for
from helpers.search import found

pytestmark = pytest.mark.engines


def _environment(house: House, catalog: Catalog) -> dict[str, str]:
    return {**settings_for(house.sandbox, house.data_dir), **catalog.environment}


def test_whoever_looks_at_a_catalog_without_a_lake_makes_none(house: House, catalog: Catalog, tmp_path: Path) -> None:
    given = _environment(house, catalog)
    for arguments in (("status",), ("report",), ("backup", "--to", str(tmp_path / "backup.duckdb"))):
        bluum(*arguments, cwd=tmp_path, **given)
    assert catalog.tables() == []
    assert not (tmp_path / "backup.duckdb").exists()


def test_all_that_is_done_to_a_night_says_the_same_of_a_lake_as_of_a_file(
    house: House, catalog: Catalog, tmp_path: Path
) -> None:
    in_lake, in_file = _environment(house, catalog), settings_for(house.sandbox, tmp_path / "file")
    past = ("backfill-pnl", "--from", "2022-06-09", "--to", "2022-06-13")
    for given in (in_lake, in_file):
        for arguments in (("sync",), past, ("replay",), ("rebuild",), ("publish",), ("report",), ("export",), ("status",)):
            ran = bluum(*arguments, cwd=tmp_path, **given)
            assert ran.returncode == 0, f"{arguments}: {ran.stdout}{ran.stderr}"

    but_for_asking = "c -> not (c like '%response_id' or c = 'known_from')"  # numbers and times of requests differ
    with duckdb.connect(str(tmp_path / "file" / "bi.duckdb"), read_only=True) as file:
        for mart in ("pnl_daily", "pnl_bridge", "allocation_drift_daily", "compliance_daily", "firm_daily"):
            query = f"select columns({but_for_asking}) from marts.{mart} order by all"
            assert rows(catalog.lake(), query) == file.execute(query).fetchall(), mart


def test_bluum_forget_leaves_nothing_of_an_account_in_a_lake(house: House, catalog: Catalog, tmp_path: Path) -> None:
    given, (account_id,) = _environment(house, catalog), house.account_ids(0)
    for arguments in (("sync",), ("export",), ("report", "--account", account_id)):
        assert bluum(*arguments, cwd=tmp_path, **given).returncode == 0, arguments
    wanted = {"account": account_id.encode()}
    files = Path(catalog.data)
    assert found(files, wanted)
    assert found(house.data_dir, wanted)

    said = bluum("forget", "--account", account_id, cwd=tmp_path, **given)

    assert said.returncode == 0, said.stdout + said.stderr
    assert found(files, wanted) == [], "no file of any snapshot names it"
    assert found(house.data_dir, wanted) == []
    assert [table for table in catalog.tables() if account_id in catalog.sql(f"select * from {table}")] == []
    house.next_night()
    assert bluum("sync", cwd=tmp_path, **given).returncode == 0
    assert found(files, wanted) == [], "the next night leaves it out"
    assert rows(catalog.lake(), "select count(*) > 0 from marts.positions_daily") == [(True,)]
