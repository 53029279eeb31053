"""Where the API is and who asks: base URL, key, and what httpx needs to know of them."""

from __future__ import annotations

import ipaddress
import re
import ssl
from collections.abc import Iterable
from functools import cache
from typing import Any

import httpx

from .._version import __version__
from ..errors import (
    ConnectionFailedError,
    DariError,
    InsecureServerError,
    InvalidRequestError,
    TimedOutError,
    UnexpectedAnswerError,
)
from ._offers import Offers
from ._redaction import Secrets
from ._request import Offer
from ._timeouts import Timeout, timeout_of
from ._tls import advice, tls_failure

OWN_TRANSPORT = frozenset({"transport", "mounts"})
"""Options of httpx that hold connections."""

_ERRNO = re.compile(r"^\[Errno -?\d+\] ")


class Address:
    """A server and the key for it. The key is in no text that this class makes.

    Args:
        base_url: Such as ``https://api.dari.dev`` or ``http://127.0.0.1:8000/v1``.
        api_key: Sent as the bearer token.
        extensions: What the server is known to offer beyond the contract.

    Raises:
        InvalidRequestError: One of them cannot be right.

    Attributes:
        offers: What the server offers beyond the contract, as far as that is known.
    """

    def __init__(
        self, base_url: str, api_key: str, extensions: Iterable[str] | None = None
    ) -> None:
        self._url = _checked_url(base_url)
        self._key = _checked_key(api_key)
        self.offers = Offers(extensions)

    @property
    def url(self) -> str:
        """The base URL without ``/v1``."""
        return str(self._url).rstrip("/")

    @property
    def secrets(self) -> Secrets:
        """What must not be shown."""
        return Secrets([self._key])

    def httpx_options(self, timeout: Timeout, options: dict[str, Any]) -> dict[str, Any]:
        """Options for either httpx client; those of the user win, except base URL and key."""
        headers = httpx.Headers(options.get("headers"))
        headers["Authorization"] = f"Bearer {self._key}"
        headers.setdefault("Accept", "application/json")
        headers.setdefault("User-Agent", f"dari-nb/{__version__}")
        loopback = is_loopback(self._url.host)
        defaults: dict[str, Any] = {
            # Streams stay open, so a bound on connections would soon block all other requests.
            "limits": httpx.Limits(max_connections=None, max_keepalive_connections=20),
            # A proxy from the environment cannot reach this machine's own loopback.
            "trust_env": not loopback,
        }
        if not {"verify", "cert"} & set(options):
            # Made here, so that a client that is made alike need not make it again.
            defaults["verify"] = _tls_here() if loopback else httpx.create_ssl_context()
        return {
            **defaults,
            **options,
            "headers": headers,
            "base_url": self._url.copy_with(path=self._url.path.rstrip("/") + "/v1"),
            "timeout": timeout_of(timeout),
        }

    def check_offer(self, offer: Offer) -> None:
        """See that the server has said that it offers something.

        Raises:
            InvalidRequestError: It does not.
        """
        if offer.name not in (self.offers.names or ()):
            raise InvalidRequestError(
                f"The server at {self.url} cannot {offer.does}: nothing was sent.",
                code="not_supported",
            )

    def failure(self, error: httpx.HTTPError, url: str | None = None) -> DariError:
        """Turn an error of httpx into one of ours, on one line.

        Args:
            error: What httpx raised.
            url: What was asked, when it was not this server; only its origin is shown.
        """
        where = self.url if url is None else _origin(url)
        cause = _ERRNO.sub("", " ".join(str(error).split())) or type(error).__name__
        if isinstance(error, httpx.ConnectTimeout):
            return TimedOutError(f"No connection to {where} in time; is the server running?")
        if isinstance(error, httpx.TimeoutException):
            return TimedOutError(f"No answer from {where} in time.")
        refused = tls_failure(error)
        if refused is not None:
            return InsecureServerError(
                f"There is no secure connection to {where}: {advice(refused)}"
            )
        if isinstance(error, httpx.ConnectError):
            return ConnectionFailedError(f"Cannot reach {where}: {cause}; is the server running?")
        if isinstance(error, httpx.DecodingError | httpx.TooManyRedirects):
            return UnexpectedAnswerError(f"The answer of {where} cannot be read: {cause}.")
        return ConnectionFailedError(f"The connection to {where} broke: {cause}.")


def _origin(url: str) -> str:
    parsed = httpx.URL(url)
    return f"{parsed.scheme}://{parsed.netloc.decode('ascii').rpartition('@')[2]}"


def _checked_url(base_url: str) -> httpx.URL:
    try:
        url = httpx.URL(base_url.strip())
    except (httpx.InvalidURL, AttributeError):
        raise InvalidRequestError("The base URL is not a URL.", code="invalid_url") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise InvalidRequestError(
            "The base URL must begin with http:// or https:// and a host.", code="invalid_url"
        )
    if url.userinfo:
        raise InvalidRequestError(
            "The base URL must not hold a user name or password.", code="invalid_url"
        )
    path = url.path.rstrip("/").removesuffix("/v1")
    return url.copy_with(path=path or "/", query=None, fragment=None)


def _checked_key(api_key: str) -> str:
    # httpx would quote a malformed header, and so the key, in its own error.
    key = api_key.strip() if isinstance(api_key, str) else ""
    if not key:
        raise InvalidRequestError("There is no API key.", code="api_key_missing")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise InvalidRequestError(
            "The API key holds characters that no key has; copy it again.", code="invalid_api_key"
        )
    return key


def tls_of(options: dict[str, Any]) -> dict[str, Any]:
    """Pick the option that takes time to make and may be shared by clients."""
    return {"verify": options["verify"]} if "verify" in options else {}


@cache
def _tls_here() -> ssl.SSLContext:
    """What all clients of this machine's servers have in common, since it takes 6 ms to make."""
    return httpx.create_ssl_context(trust_env=False)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
