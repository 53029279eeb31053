"""Routes of sessions, messages and transcripts (contract, sections 5, 7 and 9)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...transcript import Ledger, message_of
from ..backend import Backend
from ..records import JsonObject, SessionRecord
from .answers import backend_of, body_of, json_answer
from .bodies import SessionBody, shaped

_FILTER = "metadata."


async def create_session(request: Request) -> Response:
    """``POST /agents/{agent_id}/sessions``."""
    body = shaped(await body_of(request), SessionBody)
    session = new_session(backend_of(request), request.path_params["agent_id"], body)
    return json_answer(session.to_wire(), 201)


def new_session(backend: Backend, agent_id: str, body: SessionBody) -> SessionRecord:
    """Check the rules and make the session; its secrets are kept in memory only."""
    body.check()
    return backend.create_session(
        agent_id,
        version_id=body.version_id,
        llm_id=body.llm_id,
        name=body.name,
        metadata=body.metadata,
        internet_access=body.internet_access,
        storage_binding_id=body.storage_binding_id,
        own=body.own(),
    )


async def list_sessions(request: Request) -> Response:
    """``GET /sessions`` and ``GET /agents/{agent_id}/sessions``, filtered by ``metadata.*``."""
    backend = backend_of(request)
    agent_id = request.path_params.get("agent_id")
    if agent_id is not None:
        backend.agent(agent_id)
    filters = [
        (key.removeprefix(_FILTER), value)
        for key, value in request.query_params.multi_items()
        if key.startswith(_FILTER)
    ]
    sessions = backend.store.sessions(org_id=backend.org_id, agent_id=agent_id, metadata=filters)
    return json_answer({"sessions": [session.to_wire() for session in sessions]})


async def get_session(request: Request) -> Response:
    """``GET /sessions/{session_id}``."""
    return json_answer(backend_of(request).session(request.path_params["session_id"]).to_wire())


async def list_messages(request: Request) -> Response:
    """``GET /sessions/{session_id}/messages``."""
    backend = backend_of(request)
    session = backend.session(request.path_params["session_id"])
    return json_answer({"messages": _messages(backend.ledger(session.id), session.id)})


async def get_message(request: Request) -> Response:
    """``GET /messages/{message_id}``."""
    backend, message_id = backend_of(request), request.path_params["message_id"]
    session_id = backend.session_of_message(message_id).id
    messages = _messages(backend.ledger(session_id), session_id)
    return json_answer(next(message for message in messages if message["id"] == message_id))


async def get_transcript(request: Request) -> Response:
    """``GET /sessions/{session_id}/transcript``."""
    backend = backend_of(request)
    session = backend.session(request.path_params["session_id"])
    agent = backend.agent(session.agent_id)
    items = [item.to_dict() for item in backend.ledger(session.id).items]
    return json_answer(
        {"agent": agent.to_wire(), "session": session.to_wire(), "timeline": {"items": items}}
    )


def _messages(ledger: Ledger, session_id: str) -> list[JsonObject]:
    return [
        message_of(turn, session_id, number).to_dict()
        for number, turn in enumerate(ledger.turns.values(), 1)
    ]


ROUTES = [
    Route("/agents/{agent_id}/sessions", create_session, methods=["POST"]),
    Route("/agents/{agent_id}/sessions", list_sessions, methods=["GET"]),
    Route("/sessions", list_sessions, methods=["GET"]),
    Route("/sessions/{session_id}", get_session, methods=["GET"]),
    Route("/sessions/{session_id}/messages", list_messages, methods=["GET"]),
    Route("/sessions/{session_id}/transcript", get_transcript, methods=["GET"]),
    Route("/messages/{message_id}", get_message, methods=["GET"]),
]
