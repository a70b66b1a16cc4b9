"""Starting and stopping the sandbox: in a thread for tests and the bundled night, or in the foreground.

Behaviour is app.py's; the sockets are sockets.py's.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, TypeVar

from sandbox.server.options import Options
from sandbox.world.clock import Clock

if TYPE_CHECKING:
    from sandbox.server.app import SandboxApp
    from sandbox.server.sockets import SandboxServer
    from sandbox.world.ledger import Ledger
    from sandbox.world.story import Story
    from sandbox.world.world import World

HOST = "127.0.0.1"
_PATIENCE = 10.0


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox, as its operator sees it. All of it may be used from another thread."""

    app: "SandboxApp"
    server: "SandboxServer"

    @property
    def origin(self) -> str:
        host, port = self.server.address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def base_url(self) -> str:
        return self.origin + "/v1"

    @property
    def key(self) -> str:
        return self.app.options.key

    @property
    def secret(self) -> str:
        return self.app.options.secret

    @property
    def world(self) -> "World":
        return self.app.world

    @property
    def ledger(self) -> "Ledger":
        return self.app.world.ledger

    @property
    def clock(self) -> Clock:
        return self.app.clock

    def play(self, story: "Story") -> Iterator[date]:
        """Puts the sandbox into each night at 22:00 in New York, and takes the night's outages away again after it."""
        for night in story.nights:
            self.clock.to_night(night)
            self.app.outages.set(outage for event in story.on(night) for outage in event.outages)
            yield night
        self.app.outages.set(())


Some = TypeVar("Some", bound=Sandbox)


@contextmanager
def running(options: Options | None = None, *, port: int = 0, host: str = HOST) -> Iterator[Sandbox]:
    """A sandbox in a thread of this process; port 0: any free one."""
    with in_a_thread(_prepare(options or Options(), host, port)) as sandbox:
        yield sandbox


@contextmanager
def in_a_thread(sandbox: Some) -> Iterator[Some]:
    thread = threading.Thread(target=sandbox.server.run_until_stopped, name="sandbox", daemon=True)
    thread.start()
    deadline = time.monotonic() + _PATIENCE
    while not sandbox.server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError(f"the sandbox did not start on {sandbox.base_url}")
        time.sleep(0.002)
    try:
        yield sandbox
    finally:
        sandbox.server.stop()
        thread.join(_PATIENCE)


def serve(
    options: Options | None = None,
    port: int = 8080,
    host: str = HOST,
    announce: Callable[[Sandbox], None] | None = None,
) -> None:
    """Serve in the foreground until Ctrl-C or SIGTERM; `announce` is called once the port is bound."""
    sandbox = _prepare(options or Options(), host, port)
    if announce:
        announce(sandbox)
    sandbox.server.run_until_stopped()


def listening(host: str = HOST, port: int = 0) -> socket.socket:
    """A socket bound to the address.

    Raises:
        OSError: Somebody else has the port.
    """
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def _prepare(options: Options, host: str, port: int) -> Sandbox:
    # The ASGI server and the world take a moment to import; importing this module should not.
    from sandbox.server.app import SandboxApp
    from sandbox.server.sockets import SandboxServer

    app = SandboxApp(options)
    return Sandbox(app, SandboxServer(app, listening(host, port)))
