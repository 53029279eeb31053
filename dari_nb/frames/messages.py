"""One row a message: a user turn with the agent's answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from ..models import TOKENS, Message, text_of
from ..models import events as ev
from ..transcript import error_text
from .kinds import INTEGER, JSON, SECONDS, TEXT, TIME, category
from .tables import Table, by_row, with_metadata

STOP_REASON = category(ev.MAX_TOKENS)
"""Why an answer ended where it did, when that was not by itself."""
MESSAGE_STATUS = category(
    *("queued", "running", "waiting_for_tool", "completed", "failed", "cancelled")
)
"""A message's statuses in the order in which it goes through them."""


def messages_frame(
    messages: Iterable[Message], *, metadata: str | Iterable[str] | None = None
) -> pd.DataFrame:
    """Make a frame of messages, of one session or many (contract, section 7).

    Args:
        messages: The messages; each is one row, in the order given.
        metadata: Keys, or one, to spread over columns ``metadata.<key>``, as in
            :func:`sessions_frame`.

    Returns:
        ``prompt`` is the user's text and ``text`` the agent's; ``reasoning`` is what its model
        thought, where that is known; ``error`` is the cause of a failed
        turn, and the ``status`` of one that somebody ended is ``cancelled``; ``stop_reason`` is
        ``max_tokens`` where the answer was cut off, which completes a turn, and else missing;
        ``tool_calls`` counts the calls in the answer; ``input_tokens``, ``output_tokens``,
        ``cached_input_tokens`` (among the input) and ``reasoning_tokens`` (among the output) are
        what the turn took, missing where nobody told, as in a copy; ``latency_s`` is the time in
        seconds from its beginning, or where the server does not tell that from creation, to its
        end; ``copied_from`` is the message of which this one is a copy, in a fork (section 18.4),
        so that ``frame[frame["copied_from"].isna()]`` has each once. For dtypes see
        :data:`MESSAGES`.

    >>> dari.frames.messages_frame(turn.wait().session.messages())["tool_calls"].to_list()[0]
    1
    """
    messages = list(messages)
    return with_metadata(MESSAGES.frame(messages), [m.metadata for m in messages], metadata)


def _row(message: Message) -> tuple[Any, ...]:
    output = message.output
    error = output.error if output else None
    parts = output.parts if output else []
    tokens = message.tokens
    return (
        message.id,
        message.session_id,
        message.sequence_number,
        ev.CANCELLED if message.is_cancelled else message.status,
        message.attempt,
        text_of(message.parts) or None,
        message.text or None,
        message.reasoning or None,
        error_text(error) if error or message.status == "failed" else None,
        message.stop_reason,
        sum(part.get("type") == "tool_call" for part in parts),
        *map(tokens.get, TOKENS),
        message.created_at,
        message.completed_at,
        message.latency_s,
        message.original_id,
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
        "reasoning": TEXT,
        "error": TEXT,
        "stop_reason": STOP_REASON,
        "tool_calls": INTEGER,
        **dict.fromkeys(TOKENS, INTEGER),
        "created_at": TIME,
        "completed_at": TIME,
        "latency_s": SECONDS,
        "copied_from": TEXT,
        "metadata": JSON,
    },
    by_row(_row),
)
"""The columns of :func:`messages_frame` that are always there."""
