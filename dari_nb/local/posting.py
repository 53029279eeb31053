"""One HTTP POST, sent so that it can be cut off at any moment, and only to where it may go."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from ..errors import InvalidRequestError

_LIMIT = 64 * 1024


class NotSent(Exception):  # noqa: N818
    """The request was not made or not answered; the text says why."""


def checked_url(url: str) -> SplitResult:
    """Return the parts of a webhook's URL.

    Plain HTTP goes to this machine only. A name is not looked up here but when it is used.

    Raises:
        ValueError: The URL is not absolute, has a user, or names a place it must not.
    """
    try:
        parts, host = urlsplit(url), urlsplit(url).hostname or ""
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"webhook_url cannot be read: {error}") from None
    if not (url.isascii() and url.isprintable()) or " " in url:
        raise ValueError("webhook_url must be percent-encoded")
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("webhook_url must be an absolute http or https URL")
    if parts.username is not None or parts.password is not None:
        raise ValueError("webhook_url must not hold a user or password")
    if parts.scheme == "http" and not _is_here(host):
        raise ValueError("webhook_url must use https, unless it is on this machine")
    if (address := _address(host)) is not None and not _may_go_to(address):
        raise ValueError("webhook_url must be a public address, or on this machine")
    return parts


def tls_of(verify: str | Path | ssl.SSLContext | None) -> ssl.SSLContext | None:
    """The context that trusts a file's certificates and no others; contexts stay as they are.

    Raises:
        InvalidRequestError: The file cannot be read, or holds no certificates.
    """
    if verify is None or isinstance(verify, ssl.SSLContext):
        return verify
    try:
        return ssl.create_default_context(cafile=verify)
    except OSError as error:  # ssl.SSLError is one, too
        raise InvalidRequestError(f"{verify} holds no certificates: {error}") from error


async def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    timeout: float,
    tls: ssl.SSLContext | None = None,
) -> int:
    """Send a body and return the status of the answer; redirects are not followed.

    Args:
        url: Where to, under the rules of :func:`checked_url`.
        body: The bytes to send.
        headers: Sent with it, besides host and length.
        timeout: Seconds for all of it.
        tls: What HTTPS receivers must prove; certificates known to this machine by default.

    Raises:
        NotSent: There was no answer in time, the certificate is not trusted, or the name led to
            an address it must not.
    """
    try:
        async with asyncio.timeout(timeout):
            return await _post(checked_url(url), body, headers, tls or _default_tls())
    except TimeoutError:
        raise NotSent(f"no answer within {timeout:g} s") from None
    except (OSError, EOFError, ValueError) as error:
        raise NotSent(f"{type(error).__name__}: {error}") from None


@cache
def _default_tls() -> ssl.SSLContext:
    return ssl.create_default_context()


async def _post(
    parts: SplitResult, body: bytes, headers: Mapping[str, str], tls: ssl.SSLContext
) -> int:
    secure = parts.scheme == "https"
    reader, writer = await asyncio.open_connection(
        parts.hostname,
        parts.port or (443 if secure else 80),
        ssl=tls if secure else None,
        limit=_LIMIT,
    )
    try:
        # What was connected to is looked at, not what the name meant a moment before.
        peer = _address(writer.get_extra_info("peername")[0])
        if (
            peer is None
            or not _may_go_to(peer)
            or (peer.is_loopback and not _is_here(_host(parts)))
        ):
            raise OSError("the name leads to an address that is not public")
        writer.write(_head(parts, len(body), headers) + body)
        await writer.drain()
        words = (await reader.readuntil(b"\r\n")).split()
        return int(words[1]) if len(words) > 1 else 0
    finally:
        writer.close()


def _head(parts: SplitResult, length: int, headers: Mapping[str, str]) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"POST {target} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {length}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode()


def _host(parts: SplitResult) -> str:
    return parts.hostname or ""


def _is_here(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _may_go_to(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address.is_loopback or (address.is_global and not address.is_multicast)
