"""Running the program in a process of its own, and looking into the files it writes."""

import atexit
import os
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from helpers.faulty import Sandbox
from helpers.zygote import Zygote


@cache
def zygote() -> Zygote:
    """The one that all tests of this process start the program from."""
    one = Zygote()
    atexit.register(one.close)
    return one


def bluum(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program with these settings and no others."""
    env = {"PATH": os.environ["PATH"], "HOME": str(cwd), "BLUUM_RATE_LIMIT": "0", **environment}
    with TemporaryDirectory() as said:
        out, err = Path(said, "out"), Path(said, "err")
        zygote().start(*arguments, env=env, output=out, errors=err, cwd=cwd)
        code = zygote().wait()
        return subprocess.CompletedProcess(["bluum", *arguments], code, out.read_text(), err.read_text())


def settings_for(sandbox: Sandbox, data: Path) -> dict[str, str]:
    return {
        "BLUUM_BASE_URL": sandbox.base_url,
        "BLUUM_API_KEY": sandbox.key,
        "BLUUM_API_SECRET": sandbox.secret,
        "BLUUM_DATA_DIR": str(data),
    }


def refused(run: subprocess.CompletedProcess[str]) -> str:
    """The one line of a run that ended before it began."""
    assert run.returncode == 1, run.stdout + run.stderr
    assert run.stdout == ""
    (line,) = run.stderr.splitlines()
    assert line.startswith("bluum: ")
    return line


def marts(data: Path) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect(str(data / "bi.duckdb"), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where schema_name in ('marts', 'audit') order by 1"
        ).fetchall()
        return {
            table: connection.execute(f"select * from {table} order by all").fetchall()
            for (table,) in tables
            if table != "marts.manifest"
        }


def raw(data: Path) -> dict[str, int]:
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as connection:
        tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'raw'").fetchall()
        return {
            table: connection.execute(f"select count(*) from raw.{table}").fetchall()[0][0]
            for (table,) in tables
            if not table.startswith("_dlt")
        }
