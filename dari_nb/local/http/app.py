"""The application: all routes below ``/v1`` behind the bearer key."""

from __future__ import annotations

import secrets

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Mount, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from ..backend import Backend, Refusal
from . import agents, events, files, sessions, stream
from .answers import json_answer, on_http_exception, on_refusal

ROUTES = [*agents.ROUTES, *sessions.ROUTES, *events.ROUTES, *stream.ROUTES, *files.ROUTES]
MAX_UPLOAD = 25 * 1024 * 1024
KEEP_ALIVE = 15.0


def make_app(
    backend: Backend,
    api_key: str,
    *,
    keep_alive: float = KEEP_ALIVE,
    max_upload: int = MAX_UPLOAD,
) -> Starlette:
    """Make the ASGI application.

    Args:
        backend: What answers.
        api_key: The only key that is let in.
        keep_alive: Seconds of silence after which a stream sends a comment.
        max_upload: Largest file in bytes.
    """
    app = Starlette(
        routes=[Mount("/v1", Router(ROUTES, redirect_slashes=False))],
        middleware=[Middleware(_KeyCheck, api_key=api_key)],
        exception_handlers={Refusal: on_refusal, HTTPException: on_http_exception},
    )
    app.router.redirect_slashes = False
    app.state.backend = backend
    app.state.keep_alive = keep_alive
    app.state.max_upload = max_upload
    return app


class _KeyCheck:
    """Answers 401 to everything that does not bring the key."""

    def __init__(self, app: ASGIApp, api_key: str) -> None:
        self._app = app
        self._expected = f"Bearer {api_key}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = Headers(scope=scope).get("authorization", "").encode("utf-8", "replace")
        if scope["type"] != "http" or secrets.compare_digest(given, self._expected):
            await self._app(scope, receive, send)
            return
        headers = {"www-authenticate": "Bearer"}
        answer = json_answer({"detail": "Missing or invalid API key"}, 401, headers)
        await answer(scope, receive, send)
