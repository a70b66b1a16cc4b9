"""A lake that cannot be used is one line that says what, where and what happens next; nothing is asked, no secret told."""

from pathlib import Path
from typing import Any

from helpers.house import House
from helpers.lakes import PASSWORD, Catalog, kill
from helpers.program import bluum, refused, settings_for


def _refused(house: House, folder: Path, **environment: str) -> str:
    given = {**settings_for(house.sandbox, house.data_dir), **house_environment(house), **environment}
    line = refused(bluum("sync", cwd=folder, **given))
    assert house.sandbox.requests.total == 0, "nothing was asked"
    assert PASSWORD not in line
    return line


def house_environment(house: House) -> dict[str, str]:
    return {f"BLUUM_{name.upper()}": str(house.given[name]) for name in ("warehouse", "lake_data")}


def test_a_catalog_that_is_down(house: House, server: Any, tmp_path: Path) -> None:
    kill(server)
    line = _refused(house, tmp_path)
    assert "the catalog of the lake ducklake:postgres:" in line
    assert "cannot be reached" in line


def test_a_wrong_password(house: House, catalog: Catalog, tmp_path: Path) -> None:
    user = catalog.with_a_password("writer")
    line = _refused(house, tmp_path, BLUUM_WAREHOUSE=catalog.address(**{**user, "password": f"{PASSWORD}!"}))
    assert "cannot be reached" in line
    assert 'password authentication failed for user "writer"' in line


def test_a_database_that_is_not_there(house: House, catalog: Catalog, tmp_path: Path) -> None:
    line = _refused(house, tmp_path, BLUUM_WAREHOUSE=catalog.address(dbname="nowhere"))
    assert 'database "nowhere" does not exist' in line


def test_a_folder_for_the_data_that_cannot_be_made(house: House, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    line = _refused(house, tmp_path, BLUUM_LAKE_DATA=str(tmp_path / "file" / "files"))
    assert f"the folder {tmp_path}/file/files/default of the lake" in line
    assert "cannot be written: Not a directory" in line


def test_a_lake_of_another_version_of_ducklake(house: House, catalog: Catalog, tmp_path: Path) -> None:
    assert house.sync().failures == []
    catalog.sql("update ducklake_metadata set value = '99.0' where key = 'version'")
    house.next_night()
    line = _refused(house, tmp_path)
    assert "cannot be opened, and was left as it is" in line
    assert "99.0" in line
    line = refused(bluum("status", cwd=tmp_path, **settings_for(house.sandbox, house.data_dir), **house_environment(house)))
    assert "cannot be read" in line
    assert "99.0" in line
    assert "bluum publish" not in line, "a lake has no file to be written anew"


def test_a_role_that_may_only_read(house: House, catalog: Catalog, tmp_path: Path) -> None:
    assert house.sync().failures == []
    catalog.sql("create role onlooker login", "grant select on all tables in schema public to onlooker")
    house.next_night()
    line = _refused(house, tmp_path, BLUUM_WAREHOUSE=catalog.address(user="onlooker"))
    assert "this role may read the lake ducklake:postgres:" in line
