"""What was said, with nothing that tells in which session or when."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from ..models import AssistantMessageItem, TimelineItem, ToolCallItem

UNTOLD = "The cause is not shown."
"""Stands for the cause of a failure, which may name the model that failed."""
_AS_SENT = ("recorded_messages", "recorded_format", "recorded_document", "_wire")
"""What an item was made from, which has its times and ids, too."""


def neutral(items: Iterable[TimelineItem]) -> list[TimelineItem]:
    """Return items with nothing that tells whose they are: no times, and ids that count them.

    Why a turn failed is not told either.
    """
    turns: dict[str | None, str] = {}
    return [
        _neutral(item, number, turns.setdefault(item.message_id, f"turn{len(turns)}"))
        for number, item in enumerate(items)
    ]


def _neutral(item: TimelineItem, number: int, turn: str) -> TimelineItem:
    told: dict[str, Any] = {"id": f"item{number}", "message_id": turn, "created_at": None}
    told |= dict.fromkeys(_AS_SENT, msgspec.UNSET)
    if isinstance(item, ToolCallItem):
        told |= {"tool_call_id": f"call{number}", "completed_at": None, "duration": msgspec.UNSET}
    if isinstance(item, AssistantMessageItem) and not item.is_cancelled and item.error_message:
        told |= {"error_message": UNTOLD}
    return msgspec.structs.replace(item, **told)
