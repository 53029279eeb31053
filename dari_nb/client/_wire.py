"""From a request as data to the arguments of httpx."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import IO, Any

import httpx

from ..errors import InvalidRequestError
from ._request import Outside, Request, Upload


def arguments(request: Request[Any]) -> dict[str, Any]:
    """Arguments of ``request`` and ``stream``."""
    content = request.content
    json_type = {} if content is None else {"Content-Type": "application/json"}
    return {
        "method": request.method,
        "url": request.path,
        "params": request.query or None,
        "headers": {**json_type, **request.headers},
        "content": content,
    }


def stream_arguments(request: Request[Any]) -> dict[str, Any]:
    """Arguments of ``stream`` for events."""
    # A stream comes back again and again by itself, so it must never wander to another server.
    return {**arguments(request), "follow_redirects": False}


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


def patience(request: Request[Any], usual: httpx.Timeout) -> dict[str, Any]:
    """The timeout, where an answer may take longer than usual."""
    if not request.patience or usual.read is None or usual.read >= request.patience:
        return {}
    longer = httpx.Timeout(
        connect=usual.connect, read=request.patience, write=usual.write, pool=usual.pool
    )
    return {"timeout": longer}


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


def _open(path: str | PathLike[str]) -> IO[bytes]:
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise InvalidRequestError(
            f"Cannot read {str(path)!r}: {error.strerror or error}."
        ) from None
