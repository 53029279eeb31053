"""Addresses of LLM servers, as manifests and settings give them."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def base_url(text: str) -> str:
    """Return a base URL without a slash at its end.

    Raises:
        ValueError: It cannot be asked, or holds what belongs elsewhere, such as a password.
    """
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"base_url cannot be read: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("base_url must be an absolute http or https URL")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ValueError("base_url must not hold a user, a password, a query or a fragment")
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("base_url must be percent-encoded")
    return text.rstrip("/")


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine, as far as its text tells."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
