"""The application: all routes below ``/v1`` behind the bearer key."""

from __future__ import annotations

import secrets

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Mount, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...errors import StorageError
from ..service import Refusal, Service
from ..store import Store
from ..store.records import FIRST_ORG
from . import (
    agents,
    batches,
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
from .answers import (
    json_answer,
    on_fault,
    on_http_exception,
    on_refusal,
    on_storage_error,
    on_system_error,
)
from .long_reads import LongReads
from .openapi.routes import DESCRIPTION, description_route, routes_of

OPERATIONS = [
    *agents.OPERATIONS,
    *publishing.OPERATIONS,
    *snapshots.OPERATIONS,
    *sessions.OPERATIONS,
    *events.OPERATIONS,
    *stream.OPERATIONS,
    *files.OPERATIONS,
    *organizations.OPERATIONS,
    *batches.OPERATIONS,
    *workspaces.OPERATIONS,
    *webhooks.OPERATIONS,
]
MAX_UPLOAD = 25 * 1024 * 1024
HEARTBEAT = 15.0
_EXTENSIONS = b"drafts, reasoning, cancel, fork"
_SLASH = b"%2f"
_OPEN = (DESCRIPTION, "/uploads/")
"""Paths that need no key; each upload has a token of its own."""


def make_app(
    service: Service,
    api_key: str,
    *,
    heartbeat: float = HEARTBEAT,
    max_upload: int = MAX_UPLOAD,
) -> Starlette:
    """Make the ASGI application.

    Args:
        service: What answers.
        api_key: The key of the first organization; those of others are in the store.
        heartbeat: Seconds of silence after which a stream sends a comment.
        max_upload: Largest file in bytes.
    """
    app = Starlette(
        routes=[
            description_route(OPERATIONS),
            *snapshots.UPLOADS,
            Mount("/v1", Router(routes_of(OPERATIONS), redirect_slashes=False)),
        ],
        middleware=[
            Middleware(_Extended),
            Middleware(_KeyCheck, api_key=api_key, store=service.store),
        ],
        exception_handlers={
            Refusal: on_refusal,
            HTTPException: on_http_exception,
            StorageError: on_storage_error,
            OSError: on_system_error,
            Exception: on_fault,
        },
    )
    app.router.redirect_slashes = False
    app.state.service = service
    app.state.long_reads = LongReads()
    app.state.heartbeat = heartbeat
    app.state.max_upload = max_upload
    return app


class _Extended:
    """Says in each answer what this server offers beyond the contract (its section 18)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"dari-extensions", _EXTENSIONS)]
            await send(message)

        await self._app(scope, receive, say)


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
        if org_id is None:
            headers = {"www-authenticate": "Bearer"}
            answer = json_answer({"detail": "Missing or invalid API key"}, 401, headers)
            await answer(scope, receive, send)
        elif _SLASH in scope.get("raw_path", b"").lower():
            # Decoded it would be another path; as it is, it is part of an id that nothing has.
            await json_answer({"detail": "Not Found"}, 404)(scope, receive, send)
        else:
            await self._app({**scope, "org_id": org_id}, receive, send)

    def _organization(self, given: str) -> str | None:
        scheme, _, key = given.partition(" ")
        if scheme.lower() != "bearer":
            return None
        if secrets.compare_digest(key.encode("utf-8", "replace"), self._api_key):
            return FIRST_ORG
        return self._store.organization_of(key)
