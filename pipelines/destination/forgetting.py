"""Takes accounts out of the warehouse for good: their rows, their answers, their places in rosters, and the room they took.

    accounts --forget--> raw.* without them, a line each in raw.forgotten, nothing derived --rewrite--> a file without trace

What is deleted stays readable in the free room of a file, so that the file is written anew. A line says when, and by whom,
and holds a digest in the place of the account's id: by it the rosters of later nights are read without the account. The
readers' file, reports and Dagster's history are no matter of this module: see `cli/forget.py`.
"""

import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from secrets import token_hex

import duckdb

from pipelines.api.forgotten import Forgotten
from pipelines.api.wire import decipher
from pipelines.destination.catalog import SCHEMAS
from pipelines.destination.warehouse import Warehouse
from pipelines.errors import BluumError
from pipelines.schema.rows import as_json
from pipelines.schema.tables import RESPONSES

TABLE = "forgotten"
_COLUMNS = (
    "account_digest varchar not null, salt varchar not null, forgotten_at timestamptz not null,"
    " forgotten_by varchar not null, rows_deleted bigint not null, rosters_rewritten bigint not null,"
    " finished_at timestamptz"
)
_LOG = ("responses", "plan", "quarantine", "new_fields")
_BUILDS = "select table_name from duckdb_tables() where database_name = current_database() and schema_name = 'builds'"
_OURS = ("main", "builds")  # the schemas, beside the raw tables', that hold nothing of an account


class NotForgotten(BluumError):
    """An account was not forgotten, or not yet everywhere."""


@dataclass
class Gone:
    """What was deleted."""

    rows: int = 0
    rosters: int = 0


def forgotten(warehouse: Warehouse) -> Forgotten:
    """The accounts that were forgotten here."""
    if TABLE not in warehouse.tables():
        return Forgotten()
    with warehouse.connect() as connection:
        lines = connection.execute(f"select account_digest, salt from {warehouse.dataset}.{TABLE}").fetchall()
    return Forgotten(lines[0][1], frozenset(digest for digest, _ in lines)) if lines else Forgotten()


def check_known(warehouse: Warehouse, account_ids: Collection[str]) -> None:
    """Raise NotForgotten unless each account has a row here, or had one before it was forgotten."""
    before, held = forgotten(warehouse), warehouse.tables()
    for account_id in account_ids:
        is_known = before.digest(account_id) in before.digests
        with warehouse.connect() as connection:
            for table in _tables(connection, warehouse.dataset, "account_id") if held else ():
                found = f"select 1 from {warehouse.dataset}.{table} where account_id = ? limit 1"
                is_known = is_known or bool(connection.execute(found, [account_id]).fetchall())
        if not is_known:
            raise NotForgotten(f"{warehouse.store} knows no account {account_id}; nothing was done")


def forget(warehouse: Warehouse, account_ids: Sequence[str]) -> Gone:
    """Delete all that is held of these accounts, and all that is derived, in one transaction, and note it. Under the lock.

    Done again it deletes nothing, and the line that is there stays.
    """
    before = forgotten(warehouse)
    salt = before.salt or token_hex(16)
    gone = Gone()
    with warehouse.connect() as connection:
        connection.execute("begin")
        connection.execute(f"create table if not exists {warehouse.dataset}.{TABLE} ({_COLUMNS})")
        for account_id in account_ids:
            of_this = _forget(connection, warehouse.dataset, account_id, Forgotten(salt))
            gone.rows, gone.rosters = gone.rows + of_this.rows, gone.rosters + of_this.rosters
            digest = Forgotten(salt).digest(account_id)
            if digest not in before.digests:
                by = f"bluum forget, {version('bluum-warehouse')}"
                connection.execute(
                    f"insert into {warehouse.dataset}.{TABLE} values (?, ?, ?, ?, ?, ?, null)",
                    [digest, salt, datetime.now(UTC), by, of_this.rows, of_this.rosters],
                )
        _drop_derived(connection, warehouse)
        connection.execute("commit")
    return gone


def rewrite(warehouse: Warehouse) -> None:
    """Write the file anew, so that its free room holds nothing that was deleted. Raises NotForgotten if it cannot be."""
    if not warehouse.store.write_anew(warehouse.dataset):
        raise NotForgotten(
            f"{warehouse.store} could not be written anew (it needs room for a second one): what was deleted can be read in"
            " what it has not let go of; make room and run the same command again"
        )


def let_go(warehouse: Warehouse) -> None:
    """Let go of what readers saw until the accounts were gone from it. Raises NotForgotten if that cannot be."""
    if not warehouse.store.let_go():
        raise NotForgotten(
            f"published without them, but {warehouse.store} has not let go of what was published before: run the same"
            " command again"
        )


def note_finished(warehouse: Warehouse, account_ids: Sequence[str]) -> None:
    """Note that nothing of these accounts is left anywhere that this program writes."""
    digests = [forgotten(warehouse).digest(account_id) for account_id in account_ids]
    with warehouse.connect() as connection:
        connection.execute(
            f"update {warehouse.dataset}.{TABLE} set finished_at = ? where account_digest in (select unnest(?))",
            [datetime.now(UTC), digests],
        )


def _forget(connection: duckdb.DuckDBPyConnection, dataset: str, account_id: str, digests: Forgotten) -> Gone:
    gone = Gone()
    answers = f"response_id in (select response_id from {dataset}.responses where account_id = $1)"
    of_rosters: Counter[str] = Counter()
    for table in _tables(connection, dataset, "account_id"):
        if table not in _LOG:
            held = f"from {dataset}.{table} where account_id = $1 and not {answers}"
            counts = connection.execute(f"select response_id, count(*) {held} group by all", [account_id]).fetchall()
            of_rosters.update(dict(counts))
    # A row of the roster that could not be read stands in quarantine under no account: it is known by the ids that it names.
    for name in _ids_of(connection, dataset, account_id):
        naming = f"delete from {dataset}.quarantine where contains(payload, $1) or contains(value, $1)"
        gone.rows += _count(connection.execute(naming, [json.dumps(name)]))
    tables = _tables(connection, dataset, "response_id")
    for table in sorted(tables, key=lambda table: table == RESPONSES.name):  # it says which answers are the account's
        whose = answers if table == "new_fields" else "account_id = $1"
        gone.rows += _count(connection.execute(f"delete from {dataset}.{table} where {whose}", [account_id]))
    gone.rosters = _rewrite_rosters(connection, dataset, Forgotten(digests.salt, frozenset({digests.digest(account_id)})))
    for response_id, count in of_rosters.items():
        fewer = f"update {dataset}.responses set row_count = row_count - ? where response_id = ?"
        connection.execute(fewer, [count, response_id])
    return gone


def _ids_of(connection: duckdb.DuckDBPyConnection, dataset: str, account_id: str) -> list[str]:
    """The account's id, and those of its portfolios."""
    query = f"""
        select portfolio_id from {dataset}.plan where account_id = $1 and portfolio_id is not null
        union select portfolio_id from {dataset}.account_portfolios where account_id = $1
    """
    return [account_id, *(name for (name,) in connection.execute(query, [account_id]).fetchall())]


def _rewrite_rosters(connection: duckdb.DuckDBPyConnection, dataset: str, forgotten: Forgotten) -> int:
    """Take the account out of every kept roster, one at a time: a large book's is no small thing to hold."""
    kept = "endpoint = 'accounts' and body is not null"
    held = connection.execute(f"select response_id, status, received_at from {dataset}.responses where {kept}").fetchall()
    rewritten = 0
    for response_id, status, received_at in held:
        of_this = f"from {dataset}.responses where response_id = ?"
        ((text,),) = connection.execute(f"select body {of_this}", [response_id]).fetchall()
        body = decipher(status, {}, text.encode(), received_at).body
        if (without := forgotten.without(body)) is not body:
            update = f"update {dataset}.responses set body = ? where response_id = ?"
            connection.execute(update, [as_json(without), response_id])
            rewritten += 1
    return rewritten


def _drop_derived(connection: duckdb.DuckDBPyConnection, warehouse: Warehouse) -> None:
    """Drop what dbt has made of the raw tables, marts too: it is made anew without the accounts."""
    seen = {*SCHEMAS} - {*warehouse.store.building.values()}
    found = connection.execute(
        "select schema_name from duckdb_schemas() where database_name = current_database() and not internal"
    ).fetchall()
    for (schema,) in found:
        if schema not in (warehouse.dataset, *_OURS, *seen):
            connection.execute(f'drop schema "{schema}" cascade')
    for (table,) in connection.execute(_BUILDS).fetchall():
        connection.execute(f"delete from builds.{table}")


def _tables(connection: duckdb.DuckDBPyConnection, dataset: str, column: str) -> list[str]:
    """The raw tables that have a column."""
    query = (
        "select table_name from duckdb_columns()"
        " where database_name = current_database() and schema_name = ? and column_name = ? order by all"
    )
    return [name for (name,) in connection.execute(query, [dataset, column]).fetchall()]


def _count(deleted: duckdb.DuckDBPyConnection) -> int:
    return int(deleted.fetchall()[0][0])
