"""Two key pairs that sync into one catalog at once, while readers ask: each has a lake of its own, and both are right."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import duckdb
from helpers.faulty import Sandbox, running
from helpers.house import House, doubled, truth
from helpers.lakes import Catalog, opened, rows

from sandbox.server import Options


def test_two_profiles_sync_into_one_catalog_at_once(catalog: Catalog, tmp_path: Path) -> None:
    with (
        running(Options(accounts=4, rate_limit=0, seed="acme")) as acme,
        running(Options(accounts=4, rate_limit=0, seed="beta")) as beta,
    ):
        pairs = {"acme": acme, "beta": beta}
        syncs = {name: _sync(name, sandbox, catalog, tmp_path) for name, sandbox in pairs.items()}
        seen: Counter[str] = Counter()
        while not all(_has_ended(sync) for sync in syncs.values()):
            seen.update(_looked_into(catalog, name) for name in pairs)
        said = {name: sync.communicate()[0] for name, sync in syncs.items()}
        assert [sync.returncode for sync in syncs.values()] == [0, 0], said
        calm = {name: House(sandbox, tmp_path / f"calm {name}") for name, sandbox in pairs.items()}
        for house in calm.values():
            assert house.sync().failures == []

    assert set(seen) <= {"nothing yet", "a whole night"}, seen
    for name, house in calm.items():
        lake = catalog.lake(name)
        assert truth(lake) == house.truth()
        assert doubled(lake) == []
        assert rows(lake, "select bool_and(is_complete) from marts.sync_coverage_daily") == [(True,)]
        accounts = "select distinct account_id from {}.accounts order by all"
        assert rows(lake, accounts.format("marts")) == house.rows(accounts.format("raw")), "its own and nobody else's"
        assert _looked_into(catalog, name) == "a whole night"


def _sync(name: str, sandbox: Sandbox, catalog: Catalog, folder: Path) -> "subprocess.Popen[str]":
    pair = {"API_KEY": sandbox.key, "API_SECRET": sandbox.secret, "BASE_URL": sandbox.base_url, "RATE_LIMIT": "0"}
    return subprocess.Popen(
        [Path(sys.executable).with_name("bluum"), "sync"],
        cwd=folder,
        env={
            **os.environ,
            **catalog.environment,
            "BLUUM_DATA_DIR": str(folder / "data"),
            "BLUUM_PROFILE": name,
            **{f"BLUUM_PROFILES__{name.upper()}__{setting}": value for setting, value in pair.items()},
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _has_ended(sync: "subprocess.Popen[str]") -> bool:
    """Whether it has, after a moment that leaves it some of the machine."""
    try:
        sync.wait(timeout=0.5)
    except subprocess.TimeoutExpired:
        return False
    return True


def _looked_into(catalog: Catalog, name: str) -> str:
    """What a reader finds in one transaction."""
    try:
        with opened(catalog.lake(name)) as connection:
            connection.execute("begin")
            promised = connection.execute(
                "select schema_name || '.' || table_name, row_count from marts.manifest"
            ).fetchall()
            for table, count in promised:
                if connection.execute(f"select count(*) from {table}").fetchall() != [(count,)]:
                    return f"half a night in {table}"
    except duckdb.Error as error:
        is_nothing = isinstance(error, duckdb.CatalogException) or "does not exist" in str(error)
        return "nothing yet" if is_nothing else str(error)
    return "a whole night"
