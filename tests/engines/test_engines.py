"""The same models say the same, digit for digit, on other engines: every mart and every audit table, whatever the history.

Each home takes the raw rows, builds all models, then what came late on top of what it has. A lake is built wherever the
tests run; the others by `make test-engines`, which installs them.
"""

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from engines.conftest import Said
from helpers.engines.compare import differences
from helpers.engines.ducklake import DuckLake
from helpers.engines.home import Home
from helpers.engines.postgres import Postgres
from helpers.engines.spark import Spark


def installed(package: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(find_spec(package) is None, reason=f"{package} is not installed: `make test-engines` does")


def _says_the_same(home: Home, early: Said, late: Said) -> None:
    """Build a history in a home as it comes, and compare twice."""
    home.load(early.warehouse)
    home.build()
    assert differences(early.marts, home.tables(early.marts)) == {}

    home.load(late.warehouse)
    home.build()
    assert differences(late.marts, home.tables(late.marts)) == {}


def test_a_lake_says_what_duckdb_says(server: Any, early: Said, late: Said, tmp_path: Path) -> None:
    _says_the_same(DuckLake(tmp_path, server, f"{tmp_path}/files"), early, late)


@installed("dbt.adapters.postgres")
def test_postgres_says_what_duckdb_says(server: Any, early: Said, late: Said, tmp_path: Path) -> None:
    _says_the_same(Postgres(tmp_path, server), early, late)


@installed("dbt.adapters.postgres")
def test_a_database_that_orders_by_a_language_is_refused(server: Any, tmp_path: Path) -> None:
    if "icu" not in server.psql("select collname from pg_collation where collname like '%-x-icu'"):
        pytest.skip("this build of Postgres knows the order of no language")
    home = Postgres(tmp_path, server, "french", "locale_provider icu icu_locale 'fr'")
    with pytest.raises(AssertionError, match="The database french orders texts by a language"):
        home.dbt("run", "--select", "int_tax_rates")


@installed("pyspark")
@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java 17 or newer, which this machine has not")
def test_spark_says_what_duckdb_says(early: Said, late: Said, tmp_path: Path) -> None:
    _says_the_same(Spark(tmp_path), early, late)
