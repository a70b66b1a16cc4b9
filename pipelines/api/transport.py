"""How requests travel: by httpx's transport interface, on aiohttp's connections, which take little of the processor.

httpx's own client would add to every request what nobody here has use for: cookies, redirects, a login by turns, URLs put
together from parts. Which requests there are, and what becomes of their faults, is `client.py`.
"""

from functools import partial
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from yarl import URL

from pipelines.errors import Unreachable
from pipelines.settings import is_loopback


class Transport(AiohttpTransport):
    """So many connections to where `url` is, each kept for the next request."""

    def __init__(self, url: str, connections: int) -> None:
        super().__init__(proxy=_proxy_of(httpx.URL(url)))
        self._connections = connections

    def get_client(self) -> aiohttp.ClientSession:
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections, ssl=self.ssl_context),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        session._retry_connection = False  # one attempt is one request: who asks again counts it, and keeps to the limit
        session._build_url = partial(URL, encoded=True)  # type: ignore[method-assign]  # "%2E%2E" in a path stays an id
        return session


def _proxy_of(url: httpx.URL) -> httpx.Proxy | None:
    """The proxy that the environment names for an address. None gets to see what is meant for this machine.

    Raises Unreachable for a proxy that speaks anything but HTTP.
    """
    if is_loopback(url.host) or proxy_bypass(url.host):
        return None
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if not proxy:
        return None
    scheme, _, _ = proxy.rpartition("://")
    if scheme not in ("", "http", "https"):
        raise Unreachable(f"the environment names a proxy of the kind {scheme}; nothing was asked: only HTTP proxies serve")
    return httpx.Proxy(proxy if scheme else f"http://{proxy}")
