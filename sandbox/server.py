"""Starting and stopping the sandbox: in a thread for tests and the bundled night, or in the foreground.

    with running(Options(accounts=60)) as sandbox:
        httpx.get(sandbox.base_url + "/accounts", auth=(sandbox.key, sandbox.secret))

Run alone: `python -m sandbox --port 8080`. Behaviour is app.py's; the sockets are transport.py's.
"""

import argparse
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sandbox.clock import DEFAULT_START, Clock
from sandbox.options import Options

if TYPE_CHECKING:
    from sandbox.app import SandboxApp
    from sandbox.faults import FaultBook
    from sandbox.ledger import Ledger
    from sandbox.requestlog import RequestLog
    from sandbox.transport import SandboxServer
    from sandbox.world import World

HOST = "127.0.0.1"
_PATIENCE = 10.0


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox, as its operator sees it. All of it may be used from another thread."""

    origin: str  # without /v1
    app: "SandboxApp"
    server: "SandboxServer"

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

    @property
    def requests(self) -> "RequestLog":
        return self.app.requests

    @property
    def faults(self) -> "FaultBook":
        return self.app.faults

    def refuse(self, seconds: float) -> None:
        """Refuse connections for that long, from now."""
        self.server.refuse(seconds)


@contextmanager
def running(options: Options | None = None, *, port: int = 0, host: str = HOST) -> Iterator[Sandbox]:
    """A sandbox in a thread of this process; port 0: any free one."""
    sandbox = _prepare(options or Options(), host, port)
    thread = threading.Thread(target=sandbox.server.run_until_stopped, name="sandbox", daemon=True)
    thread.start()
    deadline = time.monotonic() + _PATIENCE
    while not sandbox.server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError(f"the sandbox did not start on {sandbox.origin}")
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


def _prepare(options: Options, host: str, port: int) -> Sandbox:
    # The ASGI server and the world take a moment to import; importing this module should not.
    from sandbox.app import SandboxApp
    from sandbox.transport import SandboxServer

    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    bound = sock.getsockname()[1]
    app = SandboxApp(options)
    shown = f"[{host}]" if ":" in host else host
    return Sandbox(f"http://{shown}:{bound}", app, SandboxServer(app, sock))


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="sandbox", description="A Bluum API on loopback.")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--accounts", type=int, default=12)
    parser.add_argument("--seed", default="bluum")
    parser.add_argument("--rate-limit", type=int, default=10, help="requests a second; 0: none")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds added to every answer")
    parser.add_argument("--start", type=datetime.fromisoformat, default=DEFAULT_START, help="the clock, with its zone")
    parser.add_argument("--tick", action="store_true", help="let the clock run")
    given = parser.parse_args(argv)
    options = Options(
        accounts=given.accounts,
        seed=given.seed,
        rate_limit=given.rate_limit,
        latency=given.latency,
        start=given.start,
        tick=given.tick,
    )
    try:
        serve(options, given.port, announce=_announce)
    except (OSError, OverflowError) as taken:
        parser.exit(1, f"sandbox: cannot listen on port {given.port}: {taken}\n")


def _announce(sandbox: Sandbox) -> None:
    print(f"sandbox on {sandbox.base_url}  key {sandbox.key}  secret {sandbox.secret}", flush=True)
