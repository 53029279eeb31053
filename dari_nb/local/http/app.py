"""The application: all routes below ``/v1`` behind the bearer key."""

from __future__ import annotations

import secrets

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Mount, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from ..backend import Backend
from ..records import FIRST_ORG
from ..resources import Refusal
from ..store import Store
from . import (
    agents,
    batches,
    costs,
    events,
    files,
    organizations,
    publishing,
    sessions,
    snapshots,
    stream,
    webhooks,
    workspaces,
)
from .answers import json_answer, on_fault, on_http_exception, on_refusal
from .description import PATH, description_route

ROUTES = [
    *agents.ROUTES,
    *publishing.ROUTES,
    *snapshots.ROUTES,
    *sessions.ROUTES,
    *events.ROUTES,
    *stream.ROUTES,
    *files.ROUTES,
    *organizations.ROUTES,
]
ROUTES += [*batches.ROUTES, *costs.ROUTES, *workspaces.ROUTES, *webhooks.ROUTES]
MAX_UPLOAD = 25 * 1024 * 1024
KEEP_ALIVE = 15.0
_OPEN = (PATH, "/uploads/")
"""Paths that need no key; each upload has a token of its own."""


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
        api_key: The key of the first organization; those of others are in the store.
        keep_alive: Seconds of silence after which a stream sends a comment.
        max_upload: Largest file in bytes.
    """
    app = Starlette(
        routes=[
            description_route(ROUTES),
            *snapshots.UPLOADS,
            Mount("/v1", Router(ROUTES, redirect_slashes=False)),
        ],
        middleware=[Middleware(_KeyCheck, api_key=api_key, store=backend.store)],
        exception_handlers={
            Refusal: on_refusal,
            HTTPException: on_http_exception,
            Exception: on_fault,
        },
    )
    app.router.redirect_slashes = False
    app.state.backend = backend
    app.state.keep_alive = keep_alive
    app.state.max_upload = max_upload
    return app


class _KeyCheck:
    """Answers 401 to everything that does not bring a key, and tells whose key it is."""

    def __init__(self, app: ASGIApp, api_key: str, store: Store) -> None:
        self._app = app
        self._store = store
        self._api_key = api_key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_OPEN):
            await self._app(scope, receive, send)
            return
        org_id = self._organization(Headers(scope=scope).get("authorization", ""))
        if org_id is not None:
            await self._app({**scope, "org_id": org_id}, receive, send)
            return
        headers = {"www-authenticate": "Bearer"}
        answer = json_answer({"detail": "Missing or invalid API key"}, 401, headers)
        await answer(scope, receive, send)

    def _organization(self, given: str) -> str | None:
        scheme, _, key = given.partition(" ")
        if scheme.lower() != "bearer":
            return None
        if secrets.compare_digest(key.encode("utf-8", "replace"), self._api_key):
            return FIRST_ORG
        return self._store.organization_of(key)
