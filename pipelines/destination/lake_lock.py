"""One writer at a time, on any machine: the lock on a lake, which its catalog holds for as long as the writer is connected.

Postgres lets go of it when the connection ends, however the writer does, and the connection's name says who writes.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from pipelines.errors import Locked, WarehouseUnusable
from pipelines.lake import Lake, driver

PATIENCE = 1.0
"""Seconds for which a writer tries: the catalog may need a moment to see that the one before was killed."""
_KEY = "hashtextextended('bluum ' || %s, 0)"  # one lock a schema
_held: set[tuple[str, str]] = set()
"""The lakes that this process holds."""


@contextmanager
def holding_lake(lake: Lake, purpose: str) -> Iterator[None]:
    """Hold a lake for writing; may be entered again by the process that holds it.

    Raises Locked, naming the holder, and WarehouseUnusable if the catalog cannot be reached.
    """
    name = (lake.catalog, lake.schema)
    if name in _held:
        yield
        return
    with _connected(lake, f"{purpose} (process {os.getpid()} on {socket.gethostname()})") as connection:
        trying = Retrying(
            retry=retry_if_result(lambda row: row != (True,)),
            stop=stop_after_delay(PATIENCE),
            wait=wait_fixed(0.1),
            retry_error_callback=lambda state: None,
        )
        if trying(_ask, connection, f"select pg_try_advisory_lock({_KEY})", lake.schema) is None:
            raise Locked(f"{lake_holder(lake) or 'another process'} is writing to {lake}; nothing was done")
        _held.add(name)
        try:
            yield
        finally:
            _held.remove(name)


def lake_holder(lake: Lake) -> str | None:
    """Who holds a lake now, for a message; None if nobody does. Raises WarehouseUnusable."""
    with _connected(lake, "bluum status") as connection:
        row = _ask(
            connection,
            f"""
            select application_name
            from pg_locks join pg_stat_activity using (pid)
            where locktype = 'advisory' and granted and (classid::bigint << 32 | objid::bigint) = {_KEY}
            """,
            lake.schema,
        )
    return None if row is None else f"`{row[0]}`" if row[0] else "another process"


@contextmanager
def _connected(lake: Lake, name: str) -> Iterator[Any]:
    psycopg2 = driver()
    # A writer whose machine has vanished is noticed within a minute.
    alive = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
    try:
        connection = psycopg2.connect(
            lake.catalog, password=lake.password, application_name=name, connect_timeout=10, options=alive
        )
    except psycopg2.OperationalError as error:
        raise WarehouseUnusable(f"the catalog of {lake} cannot be reached: {_line(error)}") from error
    with closing(connection):
        connection.autocommit = True
        yield connection


def _ask(connection: Any, query: str, *values: object) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchone()


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
