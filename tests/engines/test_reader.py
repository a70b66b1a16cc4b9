"""A reader's role in Postgres: what `deploy/reader.sql` lets it see, and what not, also after tables were made anew."""

from pathlib import Path
from typing import Any

import psycopg2
import pytest
from engines.conftest import Said
from engines.test_engines import installed
from helpers.engines.postgres import Postgres, socket

pytestmark = pytest.mark.long
SCRIPT = Path(__file__).parents[2] / "deploy" / "reader.sql"
REFUSED = (
    "select * from raw.responses",
    "select * from staging.stg_bluum__responses",
    "select * from intermediate.int_responses_ranked",
    "select * from builds.built_loads",
    "delete from marts.accounts",
    "create table marts.mine (i int)",
    "create table public.mine (i int)",
    "create schema mine",
)


@installed("dbt.adapters.postgres")
def test_a_reader_reads_marts_and_audit_and_nothing_else(server: Any, early: Said, tmp_path: Path) -> None:
    home = Postgres(tmp_path, server, "read_only")
    owner = {"host": socket(server), "dbname": "read_only", "user": "postgres"}
    with psycopg2.connect(**owner) as connection, connection.cursor() as cursor:
        cursor.execute(SCRIPT.read_text())  # before anything is built
        cursor.execute("create role alice login; grant bluum_reader to alice")
    home.load(early.warehouse)
    for _ in range(2):  # a table is made anew each time
        home.dbt("run", "--select", "+accounts", "+account_nights", "+responses")

        reader = psycopg2.connect(**{**owner, "user": "alice"})
        reader.autocommit = True
        with reader.cursor() as cursor:
            for table in ("marts.accounts", "marts.account_nights", "audit.responses"):
                cursor.execute(f"select count(*) from {table}")
                assert cursor.fetchone() != (0,)
            for statement in REFUSED:
                with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                    cursor.execute(statement)
        reader.close()
