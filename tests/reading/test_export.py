"""The marts as Parquet: every digit, one night, a manifest that can be checked, and never half an export."""

import json
import resource
import signal
import stat
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest
from helpers.dashboard import PROGRAM as BLUUM
from helpers.program import refused

from pipelines.destination.lock import holding
from pipelines.errors import BluumError
from reading import Marts
from reading.export import export

PROGRAM = """
import sys
from pathlib import Path
from reading import Marts
from reading.export import export
export(Marts(sys.argv[1]), Path(sys.argv[2]))
"""
BIG = "12345678901234567890.123456789012345678"


@pytest.fixture
def bi(tmp_path: Path) -> Path:
    path = tmp_path / "it's" / "bi.duckdb"
    path.parent.mkdir()
    _publish(path, "2022-06-15", BIG)
    return path


def _publish(path: Path, night: str, amount: str) -> None:
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        for statement in (
            "create schema marts",
            "create schema audit",
            "create table marts.pnl (amount decimal(38, 18) not null, seen_at timestamptz, symbol varchar)",
            f"insert into marts.pnl values ({amount}, '2022-06-15 22:00:00+00', 'it''s'), (0, null, null)",
            "comment on table marts.pnl is 'P&L, «exact».'",
            "comment on column marts.pnl.amount is 'In dollars.'",
            "create view marts.symbols as select symbol from marts.pnl where symbol is not null",
            "create table audit.responses (response_id varchar)",
            f"create table marts.manifest as select 'run 1' as run_id, date '{night}' as as_of_date,"
            " timestamptz '2022-06-16 02:00:00+00' as published_at, '0.6.0' as program_version",
        ):
            connection.execute(statement)


def _manifest(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return told


def test_every_table_and_view_is_a_file_with_every_digit(bi: Path, tmp_path: Path) -> None:
    export(Marts(bi), tmp_path / "out")
    names = ["audit.responses", "marts.manifest", "marts.pnl", "marts.symbols"]
    assert sorted(path.name for path in (tmp_path / "out").glob("*.parquet")) == [f"{name}.parquet" for name in names]
    path = tmp_path / "out" / "marts.pnl.parquet"
    expected = [Decimal(BIG), Decimal(0)]
    assert pq.read_table(path).column("amount").to_pylist() == expected
    assert pl.read_parquet(path)["amount"].to_list() == expected
    assert pq.read_table(path).column("seen_at").to_pylist()[0] == datetime(2022, 6, 15, 22, tzinfo=UTC)
    assert pq.read_metadata(path).row_group(0).column(0).compression == "ZSTD"


def test_the_manifest_says_what_each_file_is_and_can_be_checked(bi: Path, tmp_path: Path) -> None:
    export(Marts(bi), tmp_path / "out")
    told = _manifest(tmp_path / "out")
    assert (told["night"], told["run"], told["program_version"]) == ("2022-06-15", "run 1", "0.6.0")
    for file in told["tables"]:
        written = (tmp_path / "out" / file["file"]).read_bytes()
        assert (file["bytes"], file["sha256"]) == (len(written), sha256(written).hexdigest())
    (pnl,) = (file for file in told["tables"] if file["table"] == "marts.pnl")
    assert (pnl["kind"], pnl["rows"], pnl["description"]) == ("table", 2, "P&L, «exact».")
    assert pnl["columns"][0] == {
        "name": "amount",
        "type": "DECIMAL(38,18)",
        "is_nullable": False,
        "description": "In dollars.",
    }


def test_the_next_export_takes_the_place_of_the_last_whole(bi: Path, tmp_path: Path) -> None:
    export(Marts(bi), tmp_path / "out")
    with duckdb.connect(str(bi)) as connection:
        connection.execute("drop view marts.symbols; update marts.manifest set as_of_date = '2022-06-16'")
    export(Marts(bi), tmp_path / "out")
    assert _manifest(tmp_path / "out")["night"] == "2022-06-16"
    assert not (tmp_path / "out" / "marts.symbols.parquet").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["it's", "out"]


@pytest.mark.parametrize(("mode", "folder"), [(0o600, 0o700), (0o640, 0o750), (0o644, 0o755)])
def test_the_files_can_be_listed_and_read_by_whom_bi_duckdb_can(bi: Path, tmp_path: Path, mode: int, folder: int) -> None:
    export(Marts(bi), tmp_path / "out", mode)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "out").iterdir()} == {mode}
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == folder


@pytest.mark.parametrize("content", ["", '{"tables": []}', "[]"])
def test_a_folder_of_something_else_is_never_replaced(bi: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "manifest.json").write_text(content)
    with pytest.raises(BluumError, match=r"mine is there and is no export of the marts; nothing was written"):
        export(Marts(bi), tmp_path / "mine")
    assert (tmp_path / "mine" / "manifest.json").read_text() == content


def test_folders_that_are_named_like_an_export_are_left_alone(bi: Path, tmp_path: Path) -> None:
    for name in ("out.building", "out.before"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine").write_text("mine")
    export(Marts(bi), tmp_path / "out")
    export(Marts(bi), tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["it's", "out", "out.before", "out.building"]
    assert (tmp_path / "out.building" / "mine").read_text() == (tmp_path / "out.before" / "mine").read_text() == "mine"


def test_an_export_with_a_file_of_somebody_elses_in_it_is_not_replaced(bi: Path, tmp_path: Path) -> None:
    export(Marts(bi), tmp_path / "out")
    (tmp_path / "out" / "my analysis.xlsx").write_text("mine")
    with pytest.raises(BluumError, match=r"out holds my analysis\.xlsx, which is not of the export .*nothing was written"):
        export(Marts(bi), tmp_path / "out")
    assert (tmp_path / "out" / "my analysis.xlsx").read_text() == "mine"


def test_two_exports_at_once_leave_a_whole_one_and_nothing_beside_it(bi: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(bi), str(tmp_path / "out")]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as one, subprocess.Popen(command, stderr=subprocess.PIPE) as two:
        ends = [each.communicate(timeout=60) for each in (one, two)]
    assert 0 in (one.returncode, two.returncode), ends
    assert len(list((tmp_path / "out").iterdir())) == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["it's", "out"]


@pytest.mark.slow
def test_while_another_writes_to_the_data_folder_the_program_exports_nothing_and_names_it(bi: Path, tmp_path: Path) -> None:
    with holding(bi.parent / "sandbox", "bluum sync"):  # the data folder where no key is set
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "BLUUM_DATA_DIR": str(bi.parent)}
        ended = subprocess.run([BLUUM, "export"], cwd=bi.parent, env=environment, capture_output=True, text=True, timeout=60)
    assert "`bluum sync` (process" in refused(ended)
    assert not (bi.parent / "sandbox" / "export").exists()


def test_without_a_published_file_nothing_is_written_and_the_line_says_why(tmp_path: Path) -> None:
    with pytest.raises(BluumError, match=r"there is no .*bi\.duckdb yet; `bluum sync` makes it"):
        export(Marts(tmp_path / "bi.duckdb"), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(bi: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BluumError, match=r"file/out is as it was, the marts could not be exported: .*File exists"):
        export(Marts(bi), tmp_path / "file" / "out")


def test_a_full_disk_leaves_the_last_export_and_nothing_of_the_new_one(bi: Path, tmp_path: Path) -> None:
    export(Marts(bi), tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    with duckdb.connect(str(bi)) as connection:
        connection.execute("insert into marts.pnl select i, null, md5(i::varchar) from range(50000) as r(i)")
    command = [sys.executable, "-c", PROGRAM, str(bi), str(tmp_path / "out")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, preexec_fn=_on_a_full_disk)
    assert "NotExported" in ended.stderr
    assert "is as it was, the marts could not be exported: " in ended.stderr
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["it's", "out"]


def _on_a_full_disk() -> None:
    """No file of this process grows beyond 100 kB."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
