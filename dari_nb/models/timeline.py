"""Timeline items of a transcript (contract, section 9)."""

from __future__ import annotations

from typing import Any, Self

import msgspec

from ._base import Model, Whole, as_object, part, parts
from .content import Content, reasoning_of, text_of
from .events import CANCELLED, MAX_TOKENS
from .resources import Agent, Session
from .times import seconds_between


class TimelineItem(Model, frozen=True, kw_only=True):
    """What all items have; also stands for an item of a type this version does not know.

    The first item of a recorded turn may have ``recorded_messages``, the messages of the whole turn
    as they were: chat completions, or of the format that ``recorded_format`` names.

    Attributes:
        type: ``user_message``, ``assistant_message``, ``tool_call``, or one not known yet.
        id: Unique in its session.
        message_id: The turn it belongs to.
        created_at: ISO 8601, UTC.
        recorded_messages: See above.
        recorded_format: See above.
        recorded_document: The rest of the document that they were in, in a session's first turn.
    """

    type: str = ""
    id: str = ""
    message_id: str | None = None
    created_at: str | None = None
    recorded_messages: Any = msgspec.UNSET
    recorded_format: Any = msgspec.UNSET
    recorded_document: Any = msgspec.UNSET


class UserMessageItem(TimelineItem, frozen=True, kw_only=True):
    """What the user sent."""

    type: str = "user_message"
    content: Content = msgspec.field(default_factory=list)

    @property
    def text(self) -> str:
        """The text blocks, joined with blank lines."""
        return text_of(self.content)


class AssistantMessageItem(TimelineItem, frozen=True, kw_only=True):
    """One text of the agent, or the place where its next one will be.

    ``content`` is empty while ``status`` is queued, running or waiting_for_tool, but for a draft of
    what is being written, and when the message failed; then ``error_message`` tells the cause.
    A text that was cut off has a ``stop_reason``, and ``max_tokens`` where that is the limit.
    What the model thought stands before the text, or alone before a call.
    """

    type: str = "assistant_message"
    status: str = ""
    content: Content = msgspec.field(default_factory=list)
    error_message: str | None = None
    stop_reason: Any = msgspec.UNSET
    max_tokens: Any = msgspec.UNSET

    @property
    def text(self) -> str:
        """The text blocks, joined with blank lines."""
        return text_of(self.content)

    @property
    def reasoning(self) -> str:
        """What the model thought (contract, section 18.2); empty where nothing is known."""
        return reasoning_of(self.content)

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody ended the turn here (contract, section 18.3)."""
        return self.status == "failed" and self.error_message == CANCELLED

    @property
    def is_cut_off(self) -> bool:
        """Whether the text ends at the LLM's limit of tokens (contract, section 18.5)."""
        return bool(self.stop_reason == MAX_TOKENS)


class ToolCallItem(TimelineItem, frozen=True, kw_only=True):
    """One tool call with its result, once there is one.

    Attributes:
        tool_call_id: The call's id.
        tool_name: The tool.
        arguments: What it was called with; any JSON value.
        status: ``running``, ``completed`` or ``failed``.
        result: What it gave back; any JSON value.
        is_error: Whether the tool failed; ``None`` while the call is open.
        completed_at: When it ended, ISO 8601, UTC.
        duration: Seconds that it took, where a recording tells them without times.
    """

    type: str = "tool_call"
    tool_call_id: str = ""
    tool_name: str = ""
    arguments: Any = None
    status: str = ""
    result: Any = None
    is_error: bool | None = None
    completed_at: str | None = None
    duration: Any = msgspec.UNSET

    @property
    def latency_s(self) -> float | None:
        """Seconds from request to completion; ``None`` while the call is open."""
        if isinstance(self.duration, int | float):
            return float(self.duration)
        return seconds_between(self.created_at, self.completed_at)

    @property
    def is_unanswered(self) -> bool:
        """Whether its turn has completed and no result of it is recorded."""
        has_ended = self.created_at is None or self.completed_at is not None
        is_told = has_ended or self.result is not None or self.is_error is not None
        return self.status == "completed" and not is_told

    @property
    def is_cancelled(self) -> bool:
        """Whether it was open when somebody ended its turn (contract, section 18.3)."""
        return self.status == "failed" and self.result == CANCELLED


_ITEM_TYPES: dict[str, type[TimelineItem]] = {
    "user_message": UserMessageItem,
    "assistant_message": AssistantMessageItem,
    "tool_call": ToolCallItem,
}


def item_from_dict(data: dict[str, Any]) -> TimelineItem:
    """Read one item; an unknown type becomes a plain :class:`TimelineItem` that keeps it all."""
    kind = data.get("type")
    known = _ITEM_TYPES.get(kind) if isinstance(kind, str) else None
    return (known or TimelineItem).from_dict(data)


class Transcript(Whole, frozen=True, kw_only=True):
    """A session as it stands: its agent, the session, and the items in display order.

    What a server leaves out of agent and session is empty there, ids included.

    Attributes:
        agent: The agent.
        session: The session.
        items: The timeline items, in display order.
    """

    agent: Agent
    session: Session
    items: list[TimelineItem]

    @classmethod
    def _read(cls, data: dict[str, Any]) -> Self:
        timeline = as_object(data.get("timeline"))
        agent, session = part(data, "agent"), part(data, "session")
        agent_id = agent.get("id") or session.get("agent_id") or ""
        return cls(
            agent=Agent.from_dict({**agent, "id": agent_id}),
            session=Session.from_dict({**session, "id": session.get("id") or ""}),
            items=[item_from_dict(item) for item in parts(timeline.get("items"))],
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the API's own shape.

        >>> sorted(client.sessions.transcript(session.id).to_dict())
        ['agent', 'session', 'timeline']
        """
        if self._wire is not msgspec.UNSET:
            return super().to_dict()
        return {
            "agent": self.agent.to_dict(),
            "session": self.session.to_dict(),
            "timeline": {"items": [item.to_dict() for item in self.items]},
        }

    def _replaced(self, sent: Self) -> dict[str, Any]:
        changes = super()._replaced(sent)
        items = changes.pop("items", None)
        return changes if items is None else {**changes, "timeline": {"items": items}}
