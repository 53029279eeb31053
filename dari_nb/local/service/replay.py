"""Playing a recorded session again, live."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from ...models import Content, Event, seconds_between
from ...models import events as ev
from ...transcript import error_text
from ..agents import CutOff, ToolCall, ToolResult, TurnFailure
from ..agents.functions import Step
from ..store.records import JsonObject
from . import Access, Service
from .forks import FORKED_FROM
from .sessions import NewMessage, NewSession, create_session, send

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


def start_replay(service: Service, session_id: str, speed: float) -> str:
    """Make a new session and begin to play the recorded turns in it; on the server's loop.

    Returns:
        The new session's id.
    """
    access = Access(service)
    recorded = access.session(session_id)
    events = [record.to_event() for record in access.store.events(session_id)]
    wish = NewSession(
        version_id=recorded.version_id,
        llm_id=recorded.llm_id,
        name=recorded.name,
        metadata={
            **{name: told for name, told in recorded.metadata.items() if name != FORKED_FROM},
            "replay_of": session_id,
        },
        # A recording runs nothing: what is not allowed any more is no reason to refuse it.
        internet_access=None if recorded.internet_access else False,
        storage_binding_id=recorded.storage_binding_id,
    )
    session = create_session(access, recorded.agent_id, wish)
    service.keep(_play(access, session.id, _turns(events, speed)))
    return session.id


async def _play(access: Access, session_id: str, turns: list[_Recorded]) -> None:
    for turn in turns:
        await asyncio.sleep(turn.wait)
        send(access, session_id, NewMessage(turn.content, turn.metadata), _player(turn))
        await access.service.rest(session_id)


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
    async def play(_prompt: str) -> AsyncIterator[Step]:
        new_ids: dict[str, Any] = {}
        for wait, event in turn.steps:
            await asyncio.sleep(wait)
            if _is_failure(event):
                raise TurnFailure(error_text(event.data.get("error")))
            call_id = str(event.data.get("tool_call_id"))
            new_ids[call_id] = yield _step(event, new_ids.get(call_id))

    return play


def _step(event: Event, call_id: str | None) -> Step:
    data = event.data
    if event.type == ev.ASSISTANT_MESSAGE_COMPLETED:
        content: Content = data.get("content", [])
        is_cut_off = data.get("stop_reason") == ev.MAX_TOKENS
        return CutOff(content, data.get("max_tokens")) if is_cut_off else content
    if event.type == ev.TOOL_CALL_REQUESTED:
        return ToolCall(str(data.get("tool_name", "")), data.get("arguments"))
    result = data.get("result") if data.get("result") is not None else data.get("error")
    is_error = event.type == ev.TOOL_CALL_FAILED or bool(data.get("is_error"))
    return ToolResult(result, is_error, call_id)
