"""One writer at a time, on any machine: the lock on a lake, which its catalog holds for as long as the writer is connected.

Postgres lets go of it when the connection ends, however the writer does, and the connection's name says who writes. A
catalog that was restarted has let go of it, too: so whoever writes makes sure, before a commit, that it holds it still.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from pipelines.destination.lake_watch import watching
from pipelines.errors import Locked, WarehouseUnusable
from pipelines.lake import Lake, driver

PATIENCE = 1.0
"""Seconds for which a writer tries: the catalog may need a moment to see that the one before was killed."""
_KEY = "hashtextextended('bluum ' || %s, 0)"  # one lock a schema


class _Hold:
    """The lock on a lake, for as long as its connection lives."""

    def __init__(self, lake: Lake, purpose: str) -> None:
        self.lake = lake
        self.name = f"{purpose} (process {os.getpid()} on {socket.gethostname()})"
        self.connection = self._take("nothing was done")

    def make_sure(self) -> None:
        """Take it again if the catalog has let go of it. Raises Locked if another has it by now."""
        try:
            _ask(self.connection, self.lake, "select 1")
        except WarehouseUnusable:
            self.connection = self._take("the catalog was restarted meanwhile; what had not landed does not count")

    def _take(self, otherwise: str) -> Any:
        connection = _connected(self.lake, self.name)
        trying = Retrying(
            retry=retry_if_result(lambda row: row != (True,)),
            stop=stop_after_delay(PATIENCE),
            wait=wait_fixed(0.1),
            retry_error_callback=lambda state: None,
        )
        if trying(_ask, connection, self.lake, f"select pg_try_advisory_lock({_KEY})", self.lake.schema) is None:
            connection.close()
            raise Locked(f"{lake_holder(self.lake) or 'another process'} is writing to {self.lake}; {otherwise}")
        return connection


_held: dict[tuple[str, str], _Hold] = {}
"""The lakes that this process holds."""


@contextmanager
def holding_lake(lake: Lake, purpose: str) -> Iterator[None]:
    """Hold a lake for writing; may be entered again by the process that holds it.

    Raises Locked, naming the holder, and WarehouseUnusable if the catalog cannot be reached.
    """
    if _name(lake) in _held:
        make_sure(lake)
        yield
        return
    hold = _held[_name(lake)] = _Hold(lake, purpose)
    try:
        with watching(lake):
            yield
    finally:
        del _held[_name(lake)]
        hold.connection.close()


def make_sure(lake: Lake) -> None:
    """Make sure that a lake which this process holds is still held. Raises as `holding_lake`."""
    if hold := _held.get(_name(lake)):
        hold.make_sure()


def may_write(lake: Lake) -> bool:
    """Whether the role may write a lake that is there, as Postgres says. Raises WarehouseUnusable."""
    query = "select coalesce(has_table_privilege(to_regclass(%s)::oid, 'insert'), true)"
    with closing(_connected(lake, "bluum")) as connection:
        return bool(_ask(connection, lake, query, f'"{lake.schema}".ducklake_snapshot')[0])


def is_made(lake: Lake) -> bool:
    """Whether there is a lake at this address. Raises WarehouseUnusable."""
    with closing(_connected(lake, "bluum")) as connection:
        return bool(_ask(connection, lake, "select to_regclass(%s) is not null", f'"{lake.schema}".ducklake_metadata')[0])


def lake_holder(lake: Lake) -> str | None:
    """Who holds a lake now, for a message; None if nobody does. Raises WarehouseUnusable."""
    with closing(_connected(lake, "bluum status")) as connection:
        row = _ask(
            connection,
            lake,
            f"""
            select application_name
            from pg_locks join pg_stat_activity using (pid)
            where locktype = 'advisory' and granted and (classid::bigint << 32 | objid::bigint) = {_KEY}
                and pg_locks.database = (select oid from pg_database where datname = current_database())
            """,
            lake.schema,
        )
    return None if row is None else f"`{row[0]}`" if row[0] else "another process"


def _name(lake: Lake) -> tuple[str, str]:
    return lake.catalog, lake.schema


def _connected(lake: Lake, name: str) -> Any:
    psycopg2 = driver()
    # A writer whose machine has vanished is noticed within a minute.
    alive = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3 -c idle_session_timeout=0"
    try:
        connection = psycopg2.connect(lake.connecting, password=lake.password, application_name=name, options=alive)
    except psycopg2.OperationalError as error:
        raise WarehouseUnusable(f"the catalog of {lake} cannot be reached: {_line(error)}") from error
    connection.autocommit = True
    return connection


def _ask(connection: Any, lake: Lake, query: str, *values: object) -> Any:
    try:
        with connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchone()
    except driver().Error as error:
        raise WarehouseUnusable(f"the catalog of {lake} does not answer: {_line(error)}") from error


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
