"""Sees to it that a catalog which answers no more holds up a writer no longer than one that is gone.

    catalog, asked every quarter of a minute --silent for longer than LIMIT, twice--> this process' connections to it end

A machine that was paused, or a server that was stopped, keeps its connections, and the network keeps them alive: DuckDB
and libpq, neither of which limits how long an answer may take, would wait for ever. Once its connection has ended, whoever
waits goes on as after any other loss of the catalog. What libpq itself can notice, it is told to by `pipelines/lake.py`.
"""

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from pipelines.lake import Lake, driver

EVERY = 15.0
LIMIT = 10
"""Seconds between two looks, and seconds for which a new connection is waited for."""
_log = logging.getLogger(__name__)


@contextmanager
def watching(lake: Lake) -> Iterator[None]:
    """Watch the catalog of a lake, which answers now, until the block ends."""
    is_over = threading.Event()
    threading.Thread(target=_watch, args=(lake, is_over), daemon=True).start()
    try:
        yield
    finally:
        is_over.set()


def _watch(lake: Lake, is_over: threading.Event) -> None:
    peer: Any = None
    was_silent = False
    while True:
        is_silent, found = _look(lake)
        if is_silent:
            is_silent, found = _look(lake)  # a machine that is very busy may miss one
        peer = found or peer
        if is_silent and peer and not is_over.is_set():
            if not was_silent:
                _log.warning("the catalog of %s does not answer any more: the connections to it are ended", lake)
            _end_connections(peer)
        was_silent = is_silent
        if is_over.wait(EVERY):
            return


def _look(lake: Lake) -> tuple[bool, Any]:
    """Whether the catalog is silent, and where it is, if it is not. One that refuses, or is gone, has said so at once."""
    psycopg2, started = driver(), monotonic()
    try:
        with (
            closing(psycopg2.connect(lake.connecting, password=lake.password, connect_timeout=LIMIT)) as connection,
            socket.socket(fileno=os.dup(connection.fileno())) as its_own,
        ):
            return False, its_own.getpeername()
    except (psycopg2.Error, OSError):
        return monotonic() - started > LIMIT - 1, None


def _end_connections(peer: Any) -> None:
    """End every connection of this process to one place: nothing else reaches those that DuckDB keeps."""
    for descriptor in [held for held in Path("/dev/fd").iterdir() if held.is_socket()]:
        try:
            with socket.socket(fileno=os.dup(int(descriptor.name))) as connection:
                if connection.getpeername() == peer:
                    connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue  # it is connected to nothing, or not any more
