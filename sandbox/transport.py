"""The uvicorn server under the app: it hands each request its transport, and can stop listening for a while.

Both are what connection faults need; nothing here knows what a fault is. Imported only when a server starts, since
uvicorn is the slowest import of the package.
"""

import asyncio
import socket
import threading
from typing import Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from sandbox.app import SandboxApp

_PATIENCE = 5.0


class _Protocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    app: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        inner = self.app

        async def with_transport(scope: Any, receive: Any, send: Any) -> None:
            scope["sandbox.transport"] = self.transport
            await inner(scope, receive, send)

        self.app = with_transport


class SandboxServer(uvicorn.Server):
    def __init__(self, app: SandboxApp, sock: socket.socket) -> None:
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            log_config=None,
            log_level="critical",
            access_log=False,
            date_header=False,  # the date is the sandbox clock's
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
        )
        super().__init__(config)
        self._address = sock.getsockname()[:2]
        self._sock = sock
        self._loop_thread = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reopening: asyncio.Task[None] | None = None
        app.refuse = self.refuse

    def run_until_stopped(self) -> None:
        self.run(sockets=[self._sock])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop, self._loop_thread = asyncio.get_running_loop(), threading.get_ident()
        await super().startup(sockets)

    async def main_loop(self) -> None:
        # Uvicorn's own loop looks five times less often, and keeps a date header that is not wanted here.
        while not self.should_exit:
            await asyncio.sleep(0.02)

    def stop(self) -> None:
        """Ends at once: a held request must not hold up the end."""
        self.should_exit = self.force_exit = True

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
        host, port = self._address
        loop = asyncio.get_running_loop()
        self.servers = [await loop.create_server(self._protocol, host, port, reuse_address=True)]

    def _protocol(self) -> asyncio.Protocol:
        made: asyncio.Protocol = _Protocol(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)
        return made
