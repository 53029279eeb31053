"""From a request as data to the arguments of httpx."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from os import PathLike
from typing import IO, Any

import httpx

from ..descriptors import open_regular
from ..errors import InvalidRequestError
from ._request import Outside, Request, Upload

_MOST_CHARS = 32_000
"""Characters that path and query may have; few servers take more."""


OF_STREAMS: dict[str, Any] = {"follow_redirects": False}
"""How streams are sent: they come back by themselves, so they must never wander elsewhere."""


def arguments(request: Request[Any]) -> dict[str, Any]:
    """Arguments of ``request`` and ``stream``.

    Raises:
        InvalidRequestError: No address can hold what is asked for, or no JSON.
    """
    _check_address(request)
    content = request.content
    json_type = {} if content is None else {"Content-Type": "application/json"}
    return {
        "method": request.method,
        "url": request.path,
        "params": request.query or None,
        "headers": {**json_type, **request.headers},
        "content": content,
    }


def _check_address(request: Request[Any]) -> None:
    try:
        chars = len(request.path) + len(str(httpx.QueryParams(request.query or None)))
    except UnicodeEncodeError as error:
        raise InvalidRequestError(
            f"This cannot be asked for: {error}.", code="invalid_text"
        ) from None
    if chars > _MOST_CHARS:
        raise InvalidRequestError(
            f"This cannot be asked for: with {chars:,} characters its address is too long.",
            code="invalid_url",
        )


def outside_request(
    request: Request[Any],
    outside: Outside,
    chunks: Iterator[bytes] | AsyncIterator[bytes],
    timeout: httpx.Timeout,
) -> httpx.Request:
    """Make the request that puts bytes on another server."""
    # Made apart from the client, whose own headers, cookies and key are not for this server.
    headers = httpx.Headers(outside.headers)
    headers["Content-Length"] = str(len(outside.content))
    return httpx.Request(
        request.method,
        outside.url,
        headers=headers,
        content=chunks,
        extensions={"timeout": timeout.as_dict()},
    )


async def awaited(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Give the same chunks to an async client."""
    for chunk in chunks:
        yield chunk


def patience(
    request: Request[Any], usual: httpx.Timeout, asked: httpx.Timeout | None
) -> httpx.Timeout:
    """The timeout: what was asked for, or the usual one unless an answer may take longer."""
    if asked is not None:
        return asked
    if not request.patience or usual.read is None or usual.read >= request.patience:
        return usual
    return httpx.Timeout(
        connect=usual.connect, read=request.patience, write=usual.write, pool=usual.pool
    )


@contextmanager
def opened(upload: Upload | None) -> Iterator[dict[str, Any] | None]:
    """Open the file to upload while it is sent."""
    if upload is None:
        yield None
    elif isinstance(upload.source, str | PathLike):
        with _open(upload.source) as file:
            yield {"file": (upload.filename, file)}
    else:
        yield {"file": (upload.filename, upload.source)}


def raise_if_closed(http: httpx.Client | httpx.AsyncClient) -> None:
    """Say in our own words that a client sends nothing any more.

    Raises:
        InvalidRequestError: The client is closed.
    """
    if http.is_closed:
        raise InvalidRequestError(
            "The client is closed, so nothing was sent: make another.", code="connection_closed"
        ) from None


def _open(path: str | PathLike[str]) -> IO[bytes]:
    try:
        return open_regular(path)
    except OSError as error:
        raise InvalidRequestError(
            f"Cannot read {str(path)!r}: {error.strerror or error}.",
            code="file_not_found" if isinstance(error, FileNotFoundError) else "file_unreadable",
        ) from None
