"""Requests that go only where they may: the address that is connected to is the one looked at."""

from __future__ import annotations

import asyncio
import socket
import ssl
from ipaddress import ip_address

import httpx

from .addresses import is_allowed

_SECONDS = 10.0
"""Time that looking up a name may take."""


class NotAllowed(httpx.ConnectError):
    """The name leads to an address that it must not."""


class CheckedTransport(httpx.AsyncBaseTransport):
    """Looks a name up once, checks what it means, and connects to exactly that.

    Args:
        here: Whether URLs may lead to this machine.
        tls: What HTTPS servers must prove; certificates known to this machine by default.
    """

    def __init__(self, *, here: bool = False, tls: ssl.SSLContext | None = None) -> None:
        self._here = here
        self._tls = tls
        # One for each origin: what a server has proved of one name must not count for another.
        self._transports: dict[bytes, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the first of the name's addresses that answers."""
        url = request.url
        *others, last = await self._addresses(url)
        for address in others:
            try:
                return await self._sent(request, url, address)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._sent(request, url, last)

    async def aclose(self) -> None:
        """Close all connections."""
        transports, self._transports = self._transports, {}
        for transport in transports.values():
            await transport.aclose()

    async def _addresses(self, url: httpx.URL) -> list[str]:
        host = url.host
        try:
            async with asyncio.timeout(_SECONDS):
                found = await asyncio.get_running_loop().getaddrinfo(
                    host, url.port or 0, type=socket.SOCK_STREAM
                )
        except TimeoutError:
            raise httpx.ConnectTimeout(f"{host} could not be looked up in time") from None
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(f"{host} could not be looked up: {error}") from None
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        if not all(is_allowed(host, ip_address(each), here=self._here) for each in addresses):
            raise NotAllowed("the name leads to an address that is not public")
        return addresses

    async def _sent(self, request: httpx.Request, url: httpx.URL, address: str) -> httpx.Response:
        transport = self._transports.get(url.raw_host + b":%d" % (url.port or 0))
        if transport is None:
            transport = httpx.AsyncHTTPTransport(verify=self._tls or True, trust_env=False)
            self._transports[url.raw_host + b":%d" % (url.port or 0)] = transport
        # The header Host was made of the name already.
        request.url = url.copy_with(host=address)
        request.extensions = {**request.extensions, "sni_hostname": url.host}
        return await transport.handle_async_request(request)
