"""One HTTP POST of a webhook, sent so that it can be cut off at any moment."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

from ...errors import InvalidRequestError
from ..network.addresses import webhook_url


class NotSent(Exception):  # noqa: N818
    """The request was not made or not answered; the text says why."""


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
        raise InvalidRequestError(
            f"{verify} holds no certificates: {error}", code="invalid_file"
        ) from error


async def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    timeout: float,
    *,
    here: bool,
    tls: ssl.SSLContext | None = None,
) -> int:
    """Send a body and return the status of the answer; redirects are not followed.

    Args:
        url: Where to, under the rules of :func:`~.addresses.webhook_url`.
        body: The bytes to send.
        headers: Sent with it, besides host and length.
        timeout: Seconds for all of it.
        here: Whether it may lead to this machine.
        tls: What HTTPS receivers must prove; certificates known to this machine by default.

    Raises:
        NotSent: There was no answer in time, the certificate is not trusted, or the name led to
            an address it must not.
    """
    # It takes a while to load: in a thread that holds up nobody's stream.
    await asyncio.to_thread(import_module, "httpx")
    import httpx

    from ..network.outgoing import CheckedTransport

    transport = CheckedTransport(here=here, tls=tls or _default_tls())
    try:
        async with (
            asyncio.timeout(timeout),
            httpx.AsyncClient(transport=transport, timeout=None) as client,  # noqa: S113
            # Whatever the answer holds stays unread.
            client.stream(
                "POST",
                webhook_url(url, here=here),
                content=body,
                headers={"User-Agent": "dari", **headers, "Connection": "close"},
            ) as answer,
        ):
            return answer.status_code
    except TimeoutError:
        raise NotSent(f"no answer within {timeout:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise NotSent(f"{type(error).__name__}: {error}") from None


@cache
def _default_tls() -> ssl.SSLContext:
    return ssl.create_default_context()
