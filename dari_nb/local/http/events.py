"""Routes that send events and list them (contract, sections 6 and 8.1)."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ..agents import ToolResult
from ..service import Refusal, sessions
from ..service.sessions import NewMessage
from ..store.records import JsonObject
from .answers import access_of, given, json_answer, json_list
from .bodies import CancelBody, EventBody, OneShotBody, SessionBody, ToolResultBody, malformed
from .long_reads import read_long
from .openapi import Operations
from .openapi.shapes import NUMBER, TEXT, listed, ref

OPERATIONS = Operations()
_MAX_KEY = 255
_SAYS = "The same key again gives the first answer's event back."
_KEY = {"Idempotency-Key": {**TEXT, "minLength": 1, "maxLength": _MAX_KEY, "description": _SAYS}}
_MANY = 500
"""Events that are listed on the server's loop, which more would hold up."""


@OPERATIONS.serve(
    *("POST", "/sessions/{session_id}/events", 202, ref("Sent")),
    refusals=(400, 402, 404, 409),
    headers=_KEY,
)
async def send_event(request: Request, body: EventBody) -> Response:
    """Send a message or an external tool's result, or end a turn."""
    access = access_of(request)
    session = access.session(request.path_params["session_id"])
    if isinstance(body, ToolResultBody):
        call_id, result = body.tool_call_id, _result(body)
        sent = await sessions.submit(access, session.id, body.message_id, call_id, result)
    elif isinstance(body, CancelBody):
        sent = sessions.cancel(access, session.id, body.message_id)
    else:
        sent = sessions.send(access, session.id, _message(request, body.metadata))
    return json_answer(sent.to_wire(), 202)


@OPERATIONS.serve(
    *("POST", "/agents/{agent_id}/messages", 202, ref("Sent")),
    refusals=(400, 402, 404, 409),
    headers=_KEY,
)
async def send_first_message(request: Request, body: OneShotBody) -> Response:
    """Start a session with a message."""
    access = access_of(request)
    agent = access.live_agent(request.path_params["agent_id"])
    wish = (body.session or SessionBody()).wish()
    sent = sessions.send_first(access, agent.id, wish, _message(request, body.metadata))
    return json_answer(sent.to_wire(), 202)


def _message(request: Request, metadata: JsonObject | None) -> NewMessage:
    # The blocks go into the ledger as they came.
    return NewMessage(given(request)["content"], metadata, idempotency_key(request))


def _result(body: ToolResultBody) -> ToolResult:
    value = None if body.result is msgspec.UNSET else body.result
    return ToolResult(value, bool(body.is_error))


def idempotency_key(request: Request) -> str | None:
    """The request's key, or a 400 when it is no sensible one."""
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key.strip()) <= _MAX_KEY:
        raise Refusal(400, f"Idempotency-Key must have 1 to {_MAX_KEY} characters")
    return key


@OPERATIONS.serve(
    *("GET", "/sessions/{session_id}/events", 200, listed("events", "Event")),
    refusals=(404, 422),
    query={"limit": NUMBER},
)
async def list_events(request: Request) -> Response:
    """A session's ledger, oldest first; all of it without ``limit``."""
    access = access_of(request)
    session = access.session(request.path_params["session_id"])
    limit = _limit(request)

    def answer() -> Response:
        events = access.store.each_event(session.id, limit=limit)
        return json_answer({"events": json_list(event.to_wire() for event in events)})

    if access.store.last_event(session.id) <= _MANY:
        return answer()
    return await read_long(request, answer)


def _limit(request: Request) -> int | None:
    text = request.query_params.get("limit")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or int(text[:15]) < 1:
        raise malformed("Expected an integer >= 1 - at `$.limit`", where="query")
    return int(text[:15])
