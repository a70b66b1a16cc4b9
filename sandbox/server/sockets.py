"""The uvicorn server under the app. Imported only when a server starts, since uvicorn is the slowest import of all."""

import asyncio
import socket
from typing import Any

import uvicorn

from sandbox.server.app import SandboxApp


class SandboxServer(uvicorn.Server):
    def __init__(self, app: SandboxApp, sock: socket.socket, **more: Any) -> None:
        config = uvicorn.Config(
            app,
            ws="none",
            log_config=None,
            log_level="critical",
            access_log=False,
            date_header=False,  # the date is the sandbox clock's
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
            **more,
        )
        super().__init__(config)
        self._sock = sock
        self.address: tuple[str, int] = sock.getsockname()[:2]

    def run_until_stopped(self) -> None:
        self.run(sockets=[self._sock])

    async def main_loop(self) -> None:
        # Uvicorn's own loop looks five times less often, and keeps a date header that is not wanted here.
        while not self.should_exit:
            await asyncio.sleep(0.02)

    def stop(self) -> None:
        """Ends at once: a held request must not hold up the end."""
        self.should_exit = self.force_exit = True
