"""BLUUM_MEMORY_LIMIT: what is held to it, and where what does not fit goes."""

from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest
from helpers.sql_warehouse import Dbt, create_raw

from pipelines.destination.backup import NotCopied, back_up, restore
from pipelines.destination.file_store import FileStore
from pipelines.destination.warehouse import Warehouse
from pipelines.memory import Memory
from pipelines.settings import Settings

MANY = "create table many as select i, md5(i::varchar) as text from range(2_000_000) as r (i)"


def settings_of(folder: Path, **more: Any) -> Settings:
    return Settings(_env_file=None, api_key="k", BLUUM_API_SECRET="s", data_dir=folder, **more)  # type: ignore[call-arg]


def limit_of(connection: duckdb.DuckDBPyConnection) -> str:
    ((said,),) = connection.execute("select current_setting('memory_limit')").fetchall()
    return str(said)


def test_a_connection_to_the_warehouse_takes_no_more_than_the_limit(tmp_path: Path) -> None:
    with Warehouse.of(settings_of(tmp_path, memory_limit="512MiB")).connect() as connection:
        assert limit_of(connection) == "512.0 MiB"


def test_what_does_not_fit_goes_into_the_data_folder_and_is_gone_afterwards(tmp_path: Path) -> None:
    with closing(duckdb.connect()) as connection:
        Memory("40MB", tmp_path).bound(connection)
        connection.execute(MANY)
        ((spilled,),) = connection.execute("select sum(size) from duckdb_temporary_files()").fetchall()
        assert spilled > 10_000_000
        assert [path for path in (tmp_path / ".tmp").iterdir() if path.stat().st_size]
    assert not (tmp_path / ".tmp").exists()


def test_so_is_whatever_copies_the_whole_warehouse(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path, little = tmp_path / "warehouse.duckdb", Memory("1MB", tmp_path)
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute(f"create schema raw; {MANY.replace('many', 'raw.responses', 1)}")
    held = Warehouse(FileStore(path, memory=little))

    assert not held.store.write_anew("raw")
    assert "was not written anew, and is left as it is: Out of Memory" in caplog.text
    with pytest.raises(NotCopied, match="Out of Memory"):
        back_up(held, tmp_path / "backup.duckdb")
    with pytest.raises(NotCopied, match="Out of Memory"):
        restore(path, Warehouse(FileStore(tmp_path / "fresh.duckdb", memory=little)))
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.slow
def test_dbt_is_held_to_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse = tmp_path / "warehouse.duckdb"
    create_raw(warehouse)
    monkeypatch.setenv("BLUUM_MEMORY_LIMIT", "1MB")
    with pytest.raises(AssertionError, match=r"Out of Memory|out of memory|could not allocate|failed to"):
        Dbt(tmp_path / "target").run(warehouse, "--select", "+dates")
