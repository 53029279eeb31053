"""Routes that send events and list them (contract, sections 6 and 8.1)."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..agents import ToolResult
from ..backend import Backend, Sent
from ..resources import Refusal
from .answers import backend_of, body_of, json_answer
from .bodies import (
    EventBody,
    OneShotBody,
    SessionBody,
    ToolResultBody,
    UserMessageBody,
    malformed,
    shaped,
)
from .sessions import new_session

_MAX_KEY = 255


async def send_event(request: Request) -> Response:
    """``POST /sessions/{session_id}/events``: one user message or external tool result."""
    backend, data = backend_of(request), await body_of(request)
    session = backend.session(request.path_params["session_id"])
    body = shaped(data, EventBody)
    if isinstance(body, ToolResultBody):
        sent = _submit(backend, session.id, body)
    else:
        sent = _send(backend, session.id, body, data, idempotency_key(request))
    return json_answer(sent.to_wire(), 202)


async def send_first_message(request: Request) -> Response:
    """``POST /agents/{agent_id}/messages``: a new session with its first message."""
    backend, data = backend_of(request), await body_of(request)
    agent = backend.live_agent(request.path_params["agent_id"])
    body = shaped(data, OneShotBody)
    key = idempotency_key(request)
    if sent := backend.recall(agent.id, key):
        return json_answer(sent.to_wire(), 202)
    message = UserMessageBody(content=body.content, metadata=body.metadata)
    message.check()
    with backend.store.transaction():
        session = new_session(backend, agent.id, body.session or SessionBody())
        sent = _send(backend, session.id, message, data, None)
        if key:
            backend.store.remember(agent.id, key, sent.event)
    return json_answer(sent.to_wire(), 202)


def _send(
    backend: Backend, session_id: str, body: UserMessageBody, data: Any, key: str | None
) -> Sent:
    if sent := backend.recall(session_id, key):
        return sent
    body.check()
    # The blocks go into the ledger as they came, with what this server does not know of.
    with backend.store.transaction():
        sent = backend.send(session_id, data["content"], body.metadata)
        if key:
            backend.store.remember(session_id, key, sent.event)
    return sent


def _submit(backend: Backend, session_id: str, body: ToolResultBody) -> Sent:
    if body.result is msgspec.UNSET and not body.is_error:
        raise malformed("Object missing required field `result`")
    value = None if body.result is msgspec.UNSET else body.result
    result = ToolResult(value, bool(body.is_error))
    return backend.submit(session_id, body.message_id, body.tool_call_id, result)


def idempotency_key(request: Request) -> str | None:
    """The request's key, or a 400 when it is no sensible one."""
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key.strip()) <= _MAX_KEY:
        raise Refusal(400, f"Idempotency-Key must have 1 to {_MAX_KEY} characters")
    return key


async def list_events(request: Request) -> Response:
    """``GET /sessions/{session_id}/events``: oldest first, all of them without ``limit``."""
    backend = backend_of(request)
    session = backend.session(request.path_params["session_id"])
    events = backend.store.events(session.id, limit=_limit(request))
    return json_answer({"events": [event.to_wire() for event in events]})


def _limit(request: Request) -> int | None:
    text = request.query_params.get("limit")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or int(text[:15]) < 1:
        raise malformed("Expected an integer >= 1 - at `$.limit`", where="query")
    return int(text[:15])


ROUTES = [
    Route("/agents/{agent_id}/messages", send_first_message, methods=["POST"]),
    Route("/sessions/{session_id}/events", send_event, methods=["POST"]),
    Route("/sessions/{session_id}/events", list_events, methods=["GET"]),
]
