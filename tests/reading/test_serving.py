"""How the dashboard may be served, and what is said where it may not."""

import asyncio
import io
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from helpers.dashboard import dashboard

from pipelines.errors import BluumError
from reading.serving import Message, OwnPagesOnly, open_notebook, read_token, serve


def _refused(host: str = "127.0.0.1", port: int = 0, token: Path | None = None) -> str:
    with pytest.raises(BluumError) as refusal:
        serve(Path("bi.duckdb"), host, port, token, announce=lambda url: pytest.fail(f"served at {url}"))
    return str(refusal.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.com"])
def test_beyond_this_machine_it_is_not_served_without_a_token(host: str) -> None:
    assert _refused(host).startswith(f"{host} can be reached by others, and this shows clients' money: give --token-")


def test_a_token_that_others_may_read_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("a token long enough")
    path.chmod(0o644)
    assert _refused("0.0.0.0", token=path) == f"{path} holds a token and others may read it: chmod 600 {path}"


@pytest.mark.parametrize("text", ["", "short", " \n"])
def test_a_token_that_can_be_guessed_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "token"
    path.write_text(text)
    path.chmod(0o600)
    assert _refused("0.0.0.0", token=path) == f"the token in {path} is shorter than 12 characters"


def test_a_token_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert f"the token in {tmp_path / 'none'} cannot be read" in _refused(token=tmp_path / "none")


def test_a_token_can_be_piped_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("a token long enough\n"))
    assert read_token(Path("-")) == "a token long enough"


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert (
            _refused(port=port)
            == f"127.0.0.1:{port} cannot be listened at: Address already in use; --port 0 takes any free one"
        )


def test_where_marimo_is_missing_a_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "marimo", None)
    assert _refused() == "the dashboard needs marimo: pip install 'bluum-warehouse[explore]'"
    with pytest.raises(BluumError, match=r"the notebook needs marimo: pip install 'bluum-warehouse\[explore\]'"):
        open_notebook(tmp_path / "bi.duckdb", tmp_path, 0)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    with dashboard(tmp_path / "bi.duckdb") as (address, _):
        yield address


@pytest.mark.slow
def test_a_page_of_another_site_and_a_name_that_leads_here_from_elsewhere_are_refused(served: str) -> None:
    async def ask() -> None:
        own = served.removeprefix("http://")
        async with aiohttp.ClientSession() as session:
            for headers in ({"Host": "rebound.example"}, {"Host": "["}, {"Origin": "https://elsewhere.example"}):
                async with session.get(served, headers=headers) as answer:
                    assert answer.status == 403
                with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                    await session.ws_connect(f"{served}/ws?session_id=s_1", headers=headers)
            async with session.get(served, headers={"Origin": f"http://{own}"}) as answer:
                assert answer.status == 200
                assert "default-src 'self'" in answer.headers["content-security-policy"]

    asyncio.run(ask())


@pytest.mark.parametrize("headers", [{b"host": b"["}, {b"host": b"127.0.0.1", b"origin": b"http://["}])
def test_what_is_no_address_is_not_this_servers_own(headers: dict[bytes, bytes]) -> None:
    said: list[Message] = []

    async def ask() -> None:
        async def send(message: Message) -> None:
            said.append(message)

        async def never(*_: object) -> None:
            pytest.fail("it was let through")

        await OwnPagesOnly(never, anywhere=True)({"type": "http", "headers": list(headers.items())}, never, send)

    asyncio.run(ask())
    assert said[0]["status"] == 403


@pytest.mark.slow
def test_with_a_token_nothing_is_shown_without_it(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a token long enough\n")
    token.chmod(0o600)

    async def ask(address: str) -> None:
        async with aiohttp.ClientSession() as session:
            async with session.get(address, allow_redirects=False) as answer:
                assert answer.status in (302, 303, 307, 401)
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(f"{address}/ws?session_id=s_1")
            async with session.get(address, params={"access_token": "a token long enough"}) as answer:
                assert answer.status == 200

    with dashboard(tmp_path / "bi.duckdb", "--host", "0.0.0.0", "--token-password-file", str(token)) as (address, _):
        asyncio.run(ask(address.replace("0.0.0.0", "127.0.0.1")))
