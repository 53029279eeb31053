"""One row a message: a user turn with the agent's answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from ..models import Message, seconds_between, text_of
from ..transcript import error_text
from .kinds import INTEGER, JSON, SECONDS, TEXT, TIME, category
from .tables import Table, by_row, with_metadata

MESSAGE_STATUS = category("queued", "running", "waiting_for_tool", "completed", "failed")
"""A message's statuses in the order in which it goes through them."""


def messages_frame(
    messages: Iterable[Message], *, metadata: Iterable[str] | None = None
) -> pd.DataFrame:
    """Make a frame of messages, of one session or many (contract, section 7).

    Args:
        messages: The messages; each is one row, in the order given.
        metadata: Keys to spread over columns ``metadata.<key>``, as in :func:`sessions_frame`.

    Returns:
        ``prompt`` is the user's text and ``text`` the agent's; ``error`` is the cause of a failed
        turn; ``tool_calls`` counts the calls in the answer; ``seconds`` go from creation to
        completion, those in the queue included. For dtypes see :data:`MESSAGES`.

    >>> message = Message(id="msg_1", status="queued", parts=[{"type": "text", "text": "Hi"}])
    >>> messages_frame([message])[["prompt", "tool_calls"]].to_dict("records")
    [{'prompt': 'Hi', 'tool_calls': 0}]
    """
    messages = list(messages)
    return with_metadata(MESSAGES.frame(messages), [m.metadata for m in messages], metadata)


def _row(message: Message) -> tuple[Any, ...]:
    output = message.output
    error = output.error if output else None
    parts = output.parts if output else []
    return (
        message.id,
        message.session_id,
        message.sequence_number,
        message.status,
        message.attempt,
        text_of(message.parts) or None,
        message.text or None,
        error_text(error) if error or message.status == "failed" else None,
        sum(part.get("type") == "tool_call" for part in parts),
        message.created_at,
        message.completed_at,
        seconds_between(message.created_at, message.completed_at),
        message.metadata,
    )


MESSAGES = Table(
    {
        "message_id": TEXT,
        "session_id": TEXT,
        "sequence_number": INTEGER,
        "status": MESSAGE_STATUS,
        "attempt": INTEGER,
        "prompt": TEXT,
        "text": TEXT,
        "error": TEXT,
        "tool_calls": INTEGER,
        "created_at": TIME,
        "completed_at": TIME,
        "seconds": SECONDS,
        "metadata": JSON,
    },
    by_row(_row),
)
"""The columns of :func:`messages_frame` that are always there."""
