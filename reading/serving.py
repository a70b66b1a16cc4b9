"""Serves the dashboard, on loopback or elsewhere with a token, to its own pages alone; and opens the notebook.

marimo by itself answers the pages of any site that a browser has open beside it, and what is shown here is clients' money:
a request has to name this server as its host, a page that asks has to be one that this server sent, and no page may load
from, or send to, anywhere else.
"""

import os
import shutil
import socket
import stat
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipelines.errors import BluumError
from pipelines.lake import Lake
from pipelines.settings import is_loopback
from reading.chosen import choose

APP = Path(__file__).parent / "dashboard" / "app.py"
NOTEBOOK = Path(__file__).parent / "notebook.py"
HOST, PORT = "127.0.0.1", 2718
_SHORTEST_TOKEN = 12
_POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; "
    "connect-src 'self' data: blob:; frame-ancestors 'none'; form-action 'self'; base-uri 'self'"
)
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class DashboardRefused(BluumError):
    """The dashboard cannot be served like this; says what would do."""


def serve(place: Path | Lake, host: str, port: int, token_file: Path | None, announce: Callable[[str], None]) -> None:
    """Serve the dashboard of a bi.duckdb, or a lake, in the foreground until Ctrl-C or SIGTERM; `announce` gets its address.

    Raises DashboardRefused if others could read it without a token, the port is taken, or marimo is not installed.
    """
    token = None if token_file is None else read_token(token_file)
    if token is None and not is_loopback(host):
        raise DashboardRefused(
            f"{host} can be reached by others, and this shows clients' money: give --token-password-file, or no --host"
        )
    try:
        import marimo
        import uvicorn
    except ImportError:
        raise DashboardRefused("the dashboard needs marimo: pip install 'bluum-warehouse[explore]'") from None
    with _listening(host, port) as listener:
        os.environ.update(choose(place))  # the app's sessions are threads of this process
        builder = marimo.create_asgi_app(quiet=True, token=token).with_app(path="", root=str(APP))
        app = OwnPagesOnly(builder.build(), anywhere=not is_loopback(host))
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1, server_header=False)
        shown = f"[{host}]" if ":" in host else host
        announce(f"http://{shown}:{listener.getsockname()[1]}")
        try:
            uvicorn.Server(config).run(sockets=[listener])
        except KeyboardInterrupt:
            return  # how one leaves it


def open_notebook(place: Path | Lake, folder: Path, port: int) -> None:
    """Become marimo's editor, on loopback and with a token that it makes up, on a copy of the notebook in that folder.

    A copy that is there is its reader's own, and is opened as it is. Raises DashboardRefused if marimo is not installed.
    """
    if not find_spec("marimo"):
        raise DashboardRefused("the notebook needs marimo: pip install 'bluum-warehouse[explore]'")
    copy = folder / NOTEBOOK.name
    folder.mkdir(parents=True, exist_ok=True)
    if not copy.exists():
        shutil.copyfile(NOTEBOOK, copy)
    environment = {**os.environ, **choose(place), "MARIMO_SKIP_UPDATE_CHECK": "1"}
    # Its reader's own copy, opened by them: it runs at once. marimo takes this from no notebook, and else asks for a press.
    environment.setdefault("_MARIMO_CONFIG_OVERLOAD_RUNTIME_AUTO_INSTANTIATE", "true")
    command = [
        sys.executable,
        "-m",
        "marimo",
        "edit",
        "--headless",
        "--token",
        "--no-sandbox",
        "--port",
        str(port),
        str(copy),
    ]
    os.execve(sys.executable, command, environment)


def read_token(path: Path) -> str:
    """The token in a file that its owner alone may read; "-": the first line of what is typed or piped in."""
    if str(path) == "-":
        token = sys.stdin.readline().strip()
    else:
        try:
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                raise DashboardRefused(f"{path} holds a token and others may read it: chmod 600 {path}")
            token = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise DashboardRefused(f"the token in {path} cannot be read: {error}") from error
    if len(token) < _SHORTEST_TOKEN:
        raise DashboardRefused(f"the token in {path} is shorter than {_SHORTEST_TOKEN} characters")
    return token


class OwnPagesOnly:
    """Lets through what comes from this server's own pages, and keeps these from reaching anybody else."""

    def __init__(self, app: App, anywhere: bool) -> None:
        self._app, self._anywhere = app, anywhere

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *_HEADERS]
            await send(message)

        if scope["type"] not in ("http", "websocket") or self._is_own(dict(scope["headers"])):
            await self._app(scope, receive, sealed)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]})
            await send(
                {"type": "http.response.body", "body": b"This is for the dashboard's own pages, by its own address.\n"}
            )

    def _is_own(self, headers: dict[bytes, bytes]) -> bool:
        """Whether it asks by this server's own address, and for no page of another: such a page sends its own origin."""
        host, origin = headers.get(b"host", b"").decode("latin-1"), headers.get(b"origin")
        try:
            name = urlsplit(f"//{host}").hostname or ""
            asked_from = host if origin is None else urlsplit(origin.decode("latin-1")).netloc
        except ValueError:  # what is no address is not this server's
            return False
        return (self._anywhere or is_loopback(name)) and asked_from == host


def _listening(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        why = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
        raise DashboardRefused(f"{host}:{port} cannot be listened at: {why}; --port 0 takes any free one") from error
