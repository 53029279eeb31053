"""Events of the ledger (contract, section 8). Unknown types are events like any other."""

from __future__ import annotations

from typing import Any

import msgspec

from ._base import Model
from .content import text_of

USER_MESSAGE = "user.message"
SESSION_STATUS_CHANGED = "session.status_changed"
MESSAGE_STATUS_CHANGED = "message.status_changed"
ASSISTANT_MESSAGE_COMPLETED = "assistant.message_completed"
TOOL_CALL_REQUESTED = "tool.call_requested"
TOOL_CALL_COMPLETED = "tool.call_completed"
TOOL_CALL_FAILED = "tool.call_failed"
TOOL_RESULT_SUBMITTED = "tool.result_submitted"
WEBHOOK_DELIVERY_FAILED = "webhook.delivery_failed"
ASSISTANT_MESSAGE_DELTA = "assistant.message_delta"
"""A piece of an answer while it is written, which is in no ledger (contract, section 18.1)."""
MESSAGE_CANCEL_REQUESTED = "message.cancel_requested"
"""Where the server offers to end turns (contract, section 18.3)."""
CANCELLED = "cancelled"
"""The error of a turn that was ended."""
NO_CODE = "This server has no code for the agent"
"""How the error of a turn begins whose agent a local Dari knows from a recording only."""
UNANSWERED = "unanswered"
"""What becomes of a tool call that a recording ends with."""
MAX_TOKENS = "max_tokens"
"""The ``stop_reason`` of a text that its LLM's limit of tokens cut off (contract, section 18.5)."""

EVENT_TYPES = (
    USER_MESSAGE,
    SESSION_STATUS_CHANGED,
    MESSAGE_STATUS_CHANGED,
    ASSISTANT_MESSAGE_COMPLETED,
    TOOL_CALL_REQUESTED,
    TOOL_CALL_COMPLETED,
    TOOL_CALL_FAILED,
    TOOL_RESULT_SUBMITTED,
    WEBHOOK_DELIVERY_FAILED,
)
"""The documented types. The list is representative, so code must take any other as well."""


class Event(Model, frozen=True, kw_only=True):
    """One entry of a session's ledger.

    Attributes:
        id: Opaque and unique in the session, such as ``sess_123:evt_4``.
        sequence_number: Position in the session's ledger, from 1.
        message_id: The turn it belongs to, if any.
        data: The payload; its fields depend on ``type``.
        created_at: ISO 8601, UTC.
        session_id: Its session.
        source: Who wrote it, such as ``user`` or ``agent``.
        actor: Who exactly, as the server tells.
        copied_from: Where it happened, in a session that began as a fork (contract, section 18.4):
            an object of ``session_id``, ``event_id`` and ``message_id``; else ``None``.
    """

    id: str
    session_id: str = ""
    sequence_number: int = 0
    message_id: str | None = None
    type: str = ""
    source: str | None = None
    actor: Any = None
    data: dict[str, Any] = msgspec.field(default_factory=dict)
    created_at: str = ""
    copied_from: Any = None

    @property
    def original_id(self) -> str | None:
        """The event of which it is a copy, in the session where that happened."""
        found = self.copied_from.get("event_id") if isinstance(self.copied_from, dict) else None
        return found if isinstance(found, str) else None

    @property
    def turn_id(self) -> str | None:
        """The message this event belongs to, from the envelope or else the payload."""
        told = self.data.get("message_id")
        return self.message_id or (told if isinstance(told, str) else None)

    @property
    def text(self) -> str:
        """The text of a user or assistant message; empty for other types."""
        content = self.data.get("content")
        if isinstance(content, str):
            return content
        return text_of(content) if isinstance(content, list) else ""
