"""JSON answers, error bodies, and reading what a request carries."""

from __future__ import annotations

from typing import Any, cast

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ..backend import Backend
from ..resources import Refusal
from .bodies import parse

MAX_BODY = 32 * 1024 * 1024
"""Largest JSON body in bytes."""


def json_answer(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Make a JSON answer."""
    body = msgspec.json.encode(content)
    return Response(body, status, headers=headers, media_type="application/json")


def backend_of(request: Request) -> Backend:
    """The backend as the organization sees it whose key the request brought."""
    backend = cast(Backend, request.app.state.backend)
    org_id: str | None = request.scope.get("org_id")
    return backend.seen_by(org_id) if org_id else backend


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
    return parse(bytes(body))


async def on_refusal(_request: Request, error: Exception) -> Response:
    """Answer with the refusal's status and detail."""
    assert isinstance(error, Refusal)
    return json_answer({"detail": error.detail}, error.status)


async def on_http_exception(_request: Request, error: Exception) -> Response:
    """Answer the framework's own errors (404, 405) in the API's shape."""
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    return json_answer({"detail": error.detail}, error.status_code, headers)


async def on_fault(_request: Request, _error: Exception) -> Response:
    """Answer a fault of the server's own in the API's shape; its text may name what is private."""
    return json_answer({"detail": "Internal server error"}, 500)
