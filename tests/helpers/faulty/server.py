"""The faulty sandbox, running: its server hands each request its transport, and can stop listening for a while.

Both are what connection faults need; nothing here knows what a fault is.
"""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

import sandbox.server.start as plain
from helpers.faulty.app import FaultyApp
from helpers.faulty.requests import RequestLog
from helpers.faulty.rules import FaultBook
from helpers.faulty.world import RenamedWorld
from sandbox.server.options import Options
from sandbox.server.sockets import SandboxServer

_PATIENCE = 5.0


@dataclass(frozen=True)
class Sandbox(plain.Sandbox):
    """A running sandbox that fails on demand. All of it may be used from another thread."""

    app: FaultyApp
    server: "_Server"

    @property
    def world(self) -> RenamedWorld:
        return self.app.world

    @property
    def requests(self) -> RequestLog:
        return self.app.requests

    @property
    def faults(self) -> FaultBook:
        return self.app.faults

    def refuse(self, seconds: float) -> None:
        """Refuse connections for that long, from now."""
        self.server.refuse(seconds)


@contextmanager
def running(options: Options | None = None) -> Iterator[Sandbox]:
    """A faulty sandbox in a thread of this process, on any free port."""
    app = FaultyApp(options or Options())
    with plain.in_a_thread(Sandbox(app, _Server(app, plain.listening()))) as sandbox:
        yield sandbox


class _Protocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    app: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        inner = self.app

        async def with_transport(scope: Any, receive: Any, send: Any) -> None:
            scope["sandbox.transport"] = self.transport
            await inner(scope, receive, send)

        self.app = with_transport


class _Server(SandboxServer):
    def __init__(self, app: FaultyApp, sock: socket.socket) -> None:
        super().__init__(app, sock, http=_Protocol)
        self._loop_thread = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reopening: asyncio.Task[None] | None = None
        app.refuse = self.refuse

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop, self._loop_thread = asyncio.get_running_loop(), threading.get_ident()
        await super().startup(sockets)

    def refuse(self, seconds: float) -> None:
        """Nobody listens for that long: new connections are refused, open ones reset. Callable from any thread, and
        in force on return."""
        assert self._loop is not None, "the server has not started"
        if threading.get_ident() == self._loop_thread:
            self._close_for(seconds)
            return
        closed = threading.Event()
        self._loop.call_soon_threadsafe(self._close_for, seconds)
        self._loop.call_soon_threadsafe(closed.set)  # runs after it
        closed.wait(_PATIENCE)

    def _close_for(self, seconds: float) -> None:
        if self._reopening is not None and not self._reopening.done():
            return
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        self._reopening = asyncio.ensure_future(self._reopen_after(seconds))

    async def _reopen_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        host, port = self.address
        loop = asyncio.get_running_loop()
        self.servers = [await loop.create_server(self._protocol, host, port, reuse_address=True)]

    def _protocol(self) -> asyncio.Protocol:
        made: asyncio.Protocol = _Protocol(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)
        return made
