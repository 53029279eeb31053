"""Message resources made from the ledger, in the shape of ``GET /messages/{id}``."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from ..models import (
    AssistantMessageItem,
    Message,
    MessageOutput,
    TimelineItem,
    ToolCallItem,
    text_block,
)
from ._turn import TurnState, error_text


def message_of(turn: TurnState, session_id: str, sequence_number: int) -> Message:
    """Make the message resource of one folded turn (contract, section 7).

    Args:
        turn: The folded message.
        session_id: The session it is in.
        sequence_number: Its position among the session's messages, from 1.
    """
    parts = [part for item in turn.body for part in _parts(item)]
    error = error_text(turn.error) if turn.status == "failed" else None
    texts = (item for item in reversed(turn.body) if isinstance(item, AssistantMessageItem))
    last = next(texts, AssistantMessageItem())
    return Message(
        id=turn.message_id,
        session_id=session_id,
        sequence_number=sequence_number,
        parts=turn.user.content if turn.user else [],
        metadata=turn.metadata,
        status=turn.status or "",
        attempt=turn.attempt,
        output=MessageOutput(
            parts=parts, error=error, stop_reason=last.stop_reason, max_tokens=last.max_tokens
        )
        if parts or error
        else None,
        created_at=turn.created_at,
        started_at=turn.started_at or msgspec.UNSET,
        completed_at=turn.completed_at,
        copied_from=turn.copied_from or msgspec.UNSET,
        usage=turn.usage if turn.tells_usage else msgspec.UNSET,
    )


def _parts(item: TimelineItem) -> list[dict[str, Any]]:
    if isinstance(item, AssistantMessageItem):
        return item.content
    if not isinstance(item, ToolCallItem):
        return []
    call = {
        "type": "tool_call",
        "id": item.tool_call_id,
        "name": item.tool_name,
        "arguments": item.arguments,
    }
    return [call, _result(item)] if item.completed_at else [call]


def _result(item: ToolCallItem) -> dict[str, Any]:
    text = (
        item.result if isinstance(item.result, str) else json.dumps(item.result, ensure_ascii=False)
    )
    return {
        "type": "tool_result",
        "tool_call_id": item.tool_call_id,
        "tool_name": item.tool_name,
        "content": [text_block(text)],
        "is_error": bool(item.is_error),
    }
