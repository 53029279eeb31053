"""Playing a recorded session again, live."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from ..models import Content, Event, seconds_between
from ..models import events as ev
from ..transcript import error_text
from .agents import ToolCall, ToolResult, TurnFailure
from .backend import Backend
from .records import JsonObject

DEFAULT_GAP = 0.4
"""Seconds before each event of a recording that has no times of its own."""
_PLAYED = (
    ev.ASSISTANT_MESSAGE_COMPLETED,
    ev.TOOL_CALL_REQUESTED,
    ev.TOOL_CALL_COMPLETED,
    ev.TOOL_CALL_FAILED,
)


@dataclass(frozen=True)
class _Recorded:
    """One recorded turn: the question, and events with the seconds to wait before each."""

    content: Content
    metadata: JsonObject | None
    wait: float
    steps: list[tuple[float, Event]]


def start_replay(backend: Backend, session_id: str, speed: float) -> str:
    """Make a new session and begin to play the recorded turns in it; on the server's loop.

    Returns:
        The new session's id.
    """
    recorded = backend.session(session_id)
    events = [record.to_event() for record in backend.store.events(session_id)]
    session = backend.create_session(
        recorded.agent_id,
        version_id=recorded.version_id,
        llm_id=recorded.llm_id,
        name=recorded.name,
        metadata={**recorded.metadata, "replay_of": session_id},
        internet_access=recorded.internet_access,
        storage_binding_id=recorded.storage_binding_id,
    )
    backend.keep(_play(backend, session.id, _turns(events, speed)))
    return session.id


async def _play(backend: Backend, session_id: str, turns: list[_Recorded]) -> None:
    for turn in turns:
        await asyncio.sleep(turn.wait)
        backend.send(session_id, turn.content, turn.metadata, agent=_player(turn))
        await backend.rest(session_id)


def _turns(events: list[Event], speed: float) -> list[_Recorded]:
    """Split a ledger into its turns, with recorded gaps or else the default one."""
    has_times = len({event.created_at for event in events}) > 1
    turns: list[_Recorded] = []
    by_id: dict[str | None, _Recorded] = {}
    previous: Event | None = None
    for event in events:
        gap = _gap(previous, event) if has_times else DEFAULT_GAP
        if event.type == ev.USER_MESSAGE:
            wait = gap / speed if turns else 0.0
            turn = _Recorded(event.data.get("content", []), event.data.get("metadata"), wait, [])
            turns.append(turn)
            by_id[event.turn_id] = turn
            previous = event
        elif event.turn_id in by_id and (event.type in _PLAYED or _is_failure(event)):
            by_id[event.turn_id].steps.append((gap / speed, event))
            previous = event
    return turns


def _gap(previous: Event | None, event: Event) -> float:
    start = previous.created_at if previous else event.created_at
    return max(0.0, seconds_between(start, event.created_at) or 0.0)


def _is_failure(event: Event) -> bool:
    return event.type == ev.MESSAGE_STATUS_CHANGED and event.data.get("status") == "failed"


def _player(turn: _Recorded) -> Any:
    async def play(_prompt: str) -> AsyncIterator[str | Content | ToolCall | ToolResult]:
        new_ids: dict[str, Any] = {}
        for wait, event in turn.steps:
            await asyncio.sleep(wait)
            if _is_failure(event):
                raise TurnFailure(error_text(event.data.get("error")))
            call_id = str(event.data.get("tool_call_id"))
            new_ids[call_id] = yield _step(event, new_ids.get(call_id))

    return play


def _step(event: Event, call_id: str | None) -> str | Content | ToolCall | ToolResult:
    data = event.data
    if event.type == ev.ASSISTANT_MESSAGE_COMPLETED:
        content: Content = data.get("content", [])
        return content
    if event.type == ev.TOOL_CALL_REQUESTED:
        return ToolCall(data.get("tool_name", ""), data.get("arguments"))
    result = data.get("result") if data.get("result") is not None else data.get("error")
    is_error = event.type == ev.TOOL_CALL_FAILED or bool(data.get("is_error"))
    return ToolResult(result, is_error, call_id)
