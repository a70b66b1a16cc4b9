"""The dashboards of a lake, ours and Superset's: they open it, and show the figures that it holds."""

import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml
from helpers.lakes import Catalog
from helpers.small_bi import publish, story

from pipelines.lake import extensions
from reading.dashboard.app import app
from reading.marts import Marts, NothingPublished
from reading.superset import write_pack


def _published(catalog: Catalog, folder: Path, profile: str) -> None:
    """What a file of marts holds, in a profile's lake."""
    file = publish(folder / "bi.duckdb", story())
    with catalog.lake(profile).connect() as connection:
        connection.execute(f"create schema marts; create schema audit; attach '{file}' as file (read_only)")
        named = "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'file'"
        for (table,) in connection.execute(named).fetchall():
            connection.execute(f"create table {table} as from file.{table}")


def test_every_part_of_the_dashboard_of_a_lake_is_shown(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _published(catalog, tmp_path, "sandbox")  # that of who has set no key pair
    for name, value in {**catalog.environment, "BLUUM_DATA_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    shown, _ = app.run()

    parts = [str(getattr(part, "text", "")) for part in shown]
    for title in ("Drift by class", "Why drift moved", "What was earned", "What moved between the two nights"):
        assert any(f"<h2>{title}</h2>" in part for part in parts), title


def test_reading_a_lake_that_nobody_has_made_says_so(catalog: Catalog) -> None:
    with pytest.raises(NothingPublished, match=r"the lake ducklake:.* is not there yet; `bluum sync` makes it"):
        Marts(catalog.lake()).sql("select 1")


def test_superset_s_pack_opens_a_lake_by_the_address_in_it(catalog: Catalog, tmp_path: Path) -> None:
    _published(catalog, tmp_path, "default")
    write_pack(Marts(catalog.lake()), tmp_path / "pack.zip")

    with zipfile.ZipFile(tmp_path / "pack.zip") as pack:
        database = yaml.safe_load(pack.read("bluum/databases/Bluum.yaml"))
    assert "%20" not in database["sqlalchemy_uri"], "the SQLAlchemy of Superset takes an address as it stands"
    arguments = {**database["extra"]["engine_params"]["connect_args"], "config": {"extension_directory": extensions()}}
    engine = sa.create_engine(database["sqlalchemy_uri"], connect_args=arguments)

    with engine.connect() as connection:
        assert connection.exec_driver_sql("select count(*) > 0 from marts.allocation_drift_daily").scalar()
    engine.dispose()
