"""How requests travel: httpx's client on aiohttp's connections, which take less of the processor than httpx's own.

Which requests, and what becomes of their faults, is `client.py`.
"""

from functools import partial
from typing import Any

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from yarl import URL

FAULTS = (httpx.TransportError, httpx.DecodingError, aiohttp.ClientError, TimeoutError)
"""What a request may end in without an answer that can be read. aiohttp's own are those that httpx has no name for."""


class _Connections(AiohttpTransport):
    def get_client(self) -> aiohttp.ClientSession:
        session: aiohttp.ClientSession = super().get_client()
        session._retry_connection = False  # one attempt is one request: who asks again counts it, and keeps to the limit
        session._build_url = partial(URL, encoded=True)  # type: ignore[method-assign]  # "%2E%2E" in a path stays an id
        return session


class HttpClient(httpx.AsyncClient):
    """httpx's client, proxies of the environment included, on aiohttp's connections."""

    def _init_transport(self, *, transport: None = None, **given: Any) -> httpx.AsyncBaseTransport:  # type: ignore[override]
        return _Connections(**given)

    def _init_proxy_transport(self, proxy: httpx.Proxy, **given: Any) -> httpx.AsyncBaseTransport:  # type: ignore[override]
        return _Connections(proxy=proxy, **given)
