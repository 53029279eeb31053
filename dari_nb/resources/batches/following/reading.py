"""Reads what came of a cell, once it has ended: answer, cause, times, tool calls; and its cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from ....errors import ApiError, NotFoundError, UnexpectedAnswerError, detail_text
from ....models import Event, Message
from ....models.content import text_of
from ....models.events import CANCELLED
from ....transcript import Ledger, TurnState
from ....transcript.said import summed
from ...sessions.costs import known_cost
from ..cells import Attempt

if TYPE_CHECKING:
    from ....client import AsyncClient

Read = tuple[Sequence[Message], Sequence[Event]]
"""The messages of a session, and events of it."""

_FIRST = 8
"""Events of a ledger among which its first message is seen to run."""


async def read_end(client: AsyncClient, attempt: Attempt) -> Attempt:
    """Read the message of an attempt that is said to have ended (contract, section 7).

    What the server refuses is the attempt's error; it is not asked for again.

    Raises:
        DariError: The server cannot be reached, or does not answer in time.
    """
    try:
        read = await read_messages(client, attempt.session_id or "")
    except (ApiError, UnexpectedAnswerError) as error:
        return replace(attempt, error=f"The answer cannot be read: {error}", is_read=True)
    return with_messages(attempt, *read)


async def read_messages(client: AsyncClient, session_id: str) -> Read:
    """Read the messages of a session; where they do not tell when they began, some events, too.

    Raises:
        DariError: The server cannot be asked.
    """
    messages = await client.sessions.messages(session_id)
    if have_start_times(messages):
        return messages, []
    return messages, await client.sessions.events(session_id, limit=_FIRST)


def have_start_times(messages: Iterable[Message]) -> bool:
    """Whether the server says when messages began, so that no ledger has to be asked for that."""
    return all(message.started_at for message in messages)


def with_messages(
    attempt: Attempt, messages: Sequence[Message], events: Iterable[Event] = ()
) -> Attempt:
    """Return an attempt with what its messages tell, and events when they were begun."""
    if not messages:
        return replace(attempt, is_read=attempt.has_ended)
    # Of a cell that a batch has sent, later messages are somebody's conversation about it.
    counted = messages if attempt.is_conversation else messages[:1]
    first, last = counted[0], counted[-1]
    state = CANCELLED if last.is_cancelled else last.status
    spoken = [message for message in counted if message.text.strip()]
    return replace(
        attempt,
        state=state or attempt.state,
        message_id=last.id,
        text=spoken[-1].text if spoken else None if state == "failed" else "",
        answer=_last_words(spoken[-1]) if spoken else None,
        error=_error_of(last) if state == "failed" else None,
        stop_reason=spoken[-1].stop_reason if spoken else None,
        tools=tuple(name for message in counted for name in _tools(message)),
        created_at=first.created_at or attempt.created_at,
        completed_at=last.completed_at,
        latency_s=_seconds(attempt, counted, Ledger(events).turns),
        usage=summed(message.tokens for message in counted),
        shows_llm=any(map(_shows_llm, counted)),
        is_read=last.is_terminal,
    )


def _seconds(
    attempt: Attempt, messages: Sequence[Message], turns: Mapping[str, TurnState]
) -> float | None:
    """Return how long the agent took: waiting in a queue, or for its user, does not count."""
    times = [turns[m.id].latency_s if m.id in turns else m.latency_s for m in messages]
    total = sum(seconds for seconds in times if seconds is not None)
    # Recordings without times have one time for everything.
    is_known = None not in times and (total > 0 or not attempt.is_conversation)
    return total if is_known else None


def _error_of(message: Message) -> str:
    error = message.output.error if message.output else None
    return detail_text(error) if error else "The turn failed; the server does not say why."


def _last_words(message: Message) -> str:
    """Return what was said last: after all tool calls, unless nothing was said there."""
    parts = message.output.parts if message.output else []
    runs = groupby(parts, key=lambda part: part.get("type") == "text")
    said = [text_of(run) for is_text, run in runs if is_text]
    return next((text for text in reversed(said) if text.strip()), "")


def _shows_llm(message: Message) -> bool:
    parts = message.output.parts if message.output else []
    return bool(parts) or isinstance(message.usage, dict)


def _tools(message: Message) -> Iterator[str]:
    parts = message.output.parts if message.output else []
    return (str(part.get("name")) for part in parts if part.get("type") == "tool_call")


async def read_cost(client: AsyncClient, session_id: str) -> str | None:
    """Return what a session has cost, as decimal text; ``None`` when nothing came yet.

    Raises:
        DariError: The server cannot be asked.
    """
    try:
        summary = await client.costs.session(session_id)
    except NotFoundError:
        return None
    return None if known_cost(summary) is None else summary.total_cost_usd
