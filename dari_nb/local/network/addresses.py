"""Addresses of LLM servers and webhooks, and which of them may be gone to.

Who runs the server may go anywhere. What others name, a bundle or a webhook of theirs, must not
lead into this machine or the networks around it: not by a name that means such a place either.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

Address = IPv4Address | IPv6Address

_TRANSLATED = IPv6Network("64:ff9b::/96")
"""IPv6 addresses that stand for those of IPv4 in their last four bytes."""


def base_url(text: str) -> str:
    """Return the base URL of an LLM server without a slash at its end.

    Raises:
        ValueError: It cannot be asked, or holds what belongs elsewhere, such as a password.
    """
    parts = _parts(text, "base_url")
    if parts.query or parts.fragment:
        raise ValueError("base_url must not hold a query or a fragment")
    return text.rstrip("/")


def webhook_url(text: str, *, here: bool) -> str:
    """Return the URL of a webhook.

    Plain HTTP goes to this machine only. A name is not looked up here but when it is used.

    Args:
        text: The URL.
        here: Whether it may lead to this machine.

    Raises:
        ValueError: The URL is not absolute, has a user, or names a place it must not.
    """
    host = _parts(text, "webhook_url").hostname or ""
    if is_here(host):
        if not here:
            raise ValueError("webhook_url must not lead to this machine")
        return text
    if urlsplit(text).scheme.lower() != "https":
        on_this = ", unless it is on this machine" if here else ""
        raise ValueError(f"webhook_url must use https{on_this}")
    if (address := address_in(host)) is not None and not is_public(address):
        raise ValueError(
            f"webhook_url must be a public address{', or on this machine' if here else ''}"
        )
    return text


def _parts(text: str, name: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"{name} cannot be read: {error}") from None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{name} must be an absolute http or https URL")
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"{name} must not hold a user or a password")
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError(f"{name} must be percent-encoded")
    return parts


def origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of a URL, to be compared with another's."""
    parts = urlsplit(url)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", parts.port or usual


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine, as far as its text tells."""
    return is_here(urlsplit(url).hostname or "")


def is_here(host: str) -> bool:
    """Whether a host is this machine, as far as its text tells."""
    address = address_in(host)
    return host == "localhost" or (address is not None and _plain(address).is_loopback)


def address_in(host: str) -> Address | None:
    """The address that a host's text is, in any form that a machine understands; else ``None``.

    >>> address_in("2130706433"), address_in("0x7f.1"), address_in("example.com")
    (IPv4Address('127.0.0.1'), IPv4Address('127.0.0.1'), None)
    """
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


def is_allowed(host: str, address: Address, *, here: bool) -> bool:
    """Whether a connection to a host may go to this address, which its name means just now.

    A name that is not this machine's must not lead there, whoever asks.

    Args:
        host: The host as the URL names it.
        address: Where the connection would go.
        here: Whether URLs may lead to this machine.
    """
    if here and is_here(host):
        return _plain(address).is_loopback
    return is_public(address)


def is_public(address: Address) -> bool:
    """Whether an address is everybody's: none of this machine, its networks, or of no one."""
    address = _plain(address)
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _plain(address: Address) -> Address:
    """The address of IPv4 that one of IPv6 only stands for."""
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
