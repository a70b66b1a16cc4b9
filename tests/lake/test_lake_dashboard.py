"""The dashboard of a lake: every cell of it runs, and shows the figures that the lake holds."""

from pathlib import Path

import pytest
from helpers.lakes import Catalog
from helpers.small_bi import publish, story

from reading.dashboard.app import app


def _published(catalog: Catalog, folder: Path) -> None:
    """What a file of marts holds, in the lake of who has set no key pair."""
    file = publish(folder / "bi.duckdb", story())
    with catalog.lake("sandbox").connect() as connection:
        connection.execute(f"create schema marts; create schema audit; attach '{file}' as file (read_only)")
        named = "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'file'"
        for (table,) in connection.execute(named).fetchall():
            connection.execute(f"create table {table} as from file.{table}")


def test_every_part_of_the_dashboard_of_a_lake_is_shown(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _published(catalog, tmp_path)
    for name, value in {**catalog.environment, "BLUUM_DATA_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    shown, _ = app.run()

    parts = [str(getattr(part, "text", "")) for part in shown]
    for title in ("Drift by class", "Why drift moved", "What was earned", "What moved between the two nights"):
        assert any(f"<h2>{title}</h2>" in part for part in parts), title
