"""JSON answers, error bodies, and reading what a request carries."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterable
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ...errors import StorageError
from ..network.addresses import address_in, is_here
from ..service import Access, Refusal
from .bodies import parse

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
MAX_BODY = 32 * 1024 * 1024
"""Largest JSON body in bytes."""
MAX_PARTS = {b"[": 50_000, b"{": 50_000, b'":': 100_000, b",": 500_000}
"""How often these may stand in a large JSON body: what has more takes too long to read."""
_QUICK_BODY = 256 * 1024
_TOO_MANY_PARTS = "The body holds too many lists, objects, fields or numbers: upload it as a file"


def json_answer(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Make a JSON answer."""
    body = msgspec.json.encode(content)
    return Response(body, status, headers=headers, media_type="application/json")


def json_list(items: Iterable[Any]) -> msgspec.Raw:
    """Make a JSON list, one item after another: a long one at once would hold up everybody."""
    return msgspec.Raw(b"[%b]" % b",".join(map(msgspec.json.encode, items)))


def access_of(request: Request) -> Access:
    """The service as the organization sees it whose key the request brought."""
    return Access(request.app.state.service, request.scope.get("org_id"))


def address_at(request: Request, path: str) -> str:
    """The URL of a path of this server, as the caller reaches it.

    A port that was forwarded shows in the header Host only. An address there is believed; a name is
    not, since anyone can write any.
    """
    host, port = request.scope["server"]
    url = request.url.replace(path=path, query="")
    if is_here(url.hostname or "") or address_in(url.hostname or ""):
        return str(url)
    return str(url.replace(netloc=f"[{host}]:{port}" if ":" in host else f"{host}:{port}"))


def given(request: Request) -> Any:
    """The JSON body as it came, with what this server does not know of."""
    return request.state.given


async def body_of(request: Request) -> Any:
    """Read and decode the JSON body; 413 when it is too large, 422 when it is no JSON."""
    body, size = bytearray(), 0
    async for chunk in request.stream():
        # Read to the end, or the sender would find a broken connection instead of the answer.
        size += len(chunk)
        if size <= MAX_BODY:
            body += chunk
    if size > MAX_BODY:
        raise Refusal(413, f"The body is larger than {MAX_BODY} bytes")
    if size <= _QUICK_BODY:
        return parse(bytes(body))
    if any(body.count(part) > most for part, most in MAX_PARTS.items()):
        raise Refusal(413, _TOO_MANY_PARTS)
    # In a thread: it would hold up the streams of everybody.
    return await asyncio.to_thread(parse, bytes(body))


async def on_refusal(_request: Request, error: Exception) -> Response:
    """Answer with the refusal's status and detail."""
    assert isinstance(error, Refusal)
    return json_answer({"detail": error.detail}, error.status)


async def on_http_exception(_request: Request, error: Exception) -> Response:
    """Answer the framework's own errors (404, 405) in the API's shape."""
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    return json_answer({"detail": error.detail}, error.status_code, headers)


async def on_storage_error(_request: Request, error: Exception) -> Response:
    """Answer that nothing was kept: 507 while the disk is full, 503 when it does not work."""
    assert isinstance(error, StorageError)
    return json_answer({"detail": str(error)}, 507 if error.is_full else 503)


async def on_system_error(request: Request, error: Exception) -> Response:
    """Answer 507 when there is no room for a temporary file; all else is a fault."""
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        detail = "The disk of the local Dari is full; nothing of this was kept."
        return json_answer({"detail": detail}, 507)
    return await on_fault(request, error)


async def on_fault(_request: Request, _error: Exception) -> Response:
    """Answer a fault of the server's own in the API's shape; its text may name what is private."""
    return json_answer({"detail": "Internal server error"}, 500)
