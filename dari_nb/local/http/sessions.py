"""Routes of sessions, their messages, transcripts and costs (contract, sections 5, 7, 9 and 13)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from ...transcript import TurnState, message_of
from ..runtime.folds import Fold
from ..service import sessions
from ..service.forks import fork_session
from ..store.costs import known_or_none, total
from .answers import access_of, json_answer, json_list
from .bodies import NewSessionBody
from .long_reads import read_fold, read_long
from .openapi import Operations
from .openapi.shapes import TEXTS, listed, ref

OPERATIONS = Operations()
_AGENTS = "/agents/{agent_id}/sessions"
_SESSION = "/sessions/{session_id}"
_SESSIONS = listed("sessions", "Session")
_FILTER = "metadata."
_FILTERS = {"metadata": {**TEXTS, "propertyNames": {"pattern": "^metadata\\..+$"}}}


@OPERATIONS.serve("POST", _AGENTS, 201, ref("NewSession"), refusals=(400, 404, 409))
async def create_session(request: Request, body: NewSessionBody) -> Response:
    """Start an idle session, which can begin with what happened in another one."""
    access, agent_id = access_of(request), request.path_params["agent_id"]
    if body.fork_of is not None:
        fork = await fork_session(access, agent_id, body.wish(), body.fork_of.point())
        return json_answer(fork.to_wire(), 201)
    session = sessions.create_session(access, agent_id, body.wish())
    return json_answer(session.to_wire(), 201)


@OPERATIONS.serve("GET", "/sessions", 200, _SESSIONS, query=_FILTERS)
async def list_sessions(request: Request) -> Response:
    """All sessions, filtered by metadata.KEY=VALUE."""
    return _listed(request)


@OPERATIONS.serve("GET", _AGENTS, 200, _SESSIONS, refusals=(404,), query=_FILTERS)
async def list_sessions_of_agent(request: Request) -> Response:
    """An agent's sessions, filtered by metadata.KEY=VALUE."""
    return _listed(request, access_of(request).agent(request.path_params["agent_id"]).id)


def _listed(request: Request, agent_id: str | None = None) -> Response:
    access = access_of(request)
    filters = [
        (key.removeprefix(_FILTER), value)
        for key, value in request.query_params.multi_items()
        if key.startswith(_FILTER)
    ]
    sessions = access.store.sessions(org_id=access.org_id, agent_id=agent_id, metadata=filters)
    return json_answer({"sessions": [session.to_wire() for session in sessions]})


@OPERATIONS.serve("GET", _SESSION, 200, ref("Session"), refusals=(404,))
async def get_session(request: Request) -> Response:
    """One session."""
    return json_answer(access_of(request).session(request.path_params["session_id"]).to_wire())


@OPERATIONS.serve(
    *("GET", f"{_SESSION}/messages", 200, listed("messages", "Message")),
    refusals=(404,),
)
async def list_messages(request: Request) -> Response:
    """A session's messages in order."""
    access = access_of(request)
    session = access.session(request.path_params["session_id"])

    def answer(fold: Fold) -> Response:
        turns = enumerate(fold.turns.values(), 1)
        messages = (message_of(turn, session.id, number).to_dict() for number, turn in turns)
        return json_answer({"messages": json_list(messages)})

    return await read_fold(request, session.id, answer)


@OPERATIONS.serve("GET", "/messages/{message_id}", 200, ref("Message"), refusals=(404,))
async def get_message(request: Request) -> Response:
    """One message with its answer."""
    access, message_id = access_of(request), request.path_params["message_id"]
    session = access.session_of_message(message_id)

    def answer() -> Response:
        turn = TurnState(message_id)
        for one in access.store.events_of_message(message_id):
            turn.apply(one.to_event())
        number = access.store.message_number(message_id)
        return json_answer(message_of(turn, session.id, number).to_dict())

    # A message may have any number of events.
    return await read_long(request, answer)


@OPERATIONS.serve("GET", f"{_SESSION}/transcript", 200, ref("Transcript"), refusals=(404,))
async def get_transcript(request: Request) -> Response:
    """The conversation, ready to show."""
    access = access_of(request)
    session = access.session(request.path_params["session_id"])
    agent = access.agent(session.agent_id)

    def answer(fold: Fold) -> Response:
        timeline = {"items": json_list(item.to_dict() for item in fold.items)}
        return json_answer(
            {"agent": agent.to_wire(), "session": session.to_wire(), "timeline": timeline}
        )

    return await read_fold(request, session.id, answer)


@OPERATIONS.serve("GET", "/costs/sessions/{session_id}", 200, ref("Cost"), refusals=(404,))
async def get_session_cost(request: Request) -> Response:
    """What a session has cost so far; of none while any part of it is unknown."""
    access = access_of(request)
    session = access.session(request.path_params["session_id"])
    costs = known_or_none(access.store.costs(session.id))
    return json_answer(
        {
            "scope_kind": "session",
            "scope_id": session.id,
            "event_count": len(costs),
            "total_cost_usd": f"{total(costs):f}",
        }
    )
