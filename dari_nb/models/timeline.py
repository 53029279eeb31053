"""Timeline items of a transcript (contract, section 9)."""

from __future__ import annotations

from typing import Any, Self

import msgspec

from ._base import Model
from .content import Content, text_of
from .resources import Agent, Session
from .times import seconds_between


class TimelineItem(Model, frozen=True, kw_only=True):
    """What all items have; also stands for an item of a type this version does not know."""

    type: str = ""
    id: str = ""
    message_id: str | None = None
    created_at: str | None = None


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

    ``content`` is empty while ``status`` is queued, running or waiting_for_tool, and when the
    message failed; then ``error_message`` tells the cause.
    """

    type: str = "assistant_message"
    status: str = ""
    content: Content = msgspec.field(default_factory=list)
    error_message: str | None = None

    @property
    def text(self) -> str:
        """The text blocks, joined with blank lines."""
        return text_of(self.content)


class ToolCallItem(TimelineItem, frozen=True, kw_only=True):
    """One tool call with its result, once there is one."""

    type: str = "tool_call"
    tool_call_id: str = ""
    tool_name: str = ""
    arguments: Any = None
    status: str = ""
    result: Any = None
    is_error: bool | None = None
    completed_at: str | None = None

    @property
    def seconds(self) -> float | None:
        """Seconds from request to completion; ``None`` while the call is open."""
        return seconds_between(self.created_at, self.completed_at)


_ITEM_TYPES: dict[str, type[TimelineItem]] = {
    "user_message": UserMessageItem,
    "assistant_message": AssistantMessageItem,
    "tool_call": ToolCallItem,
}


def item_from_dict(data: dict[str, Any]) -> TimelineItem:
    """Read one item; an unknown type becomes a plain :class:`TimelineItem` that keeps it all."""
    return _ITEM_TYPES.get(data.get("type", ""), TimelineItem).from_dict(data)


class Transcript(Model, frozen=True, kw_only=True):
    """A session as it stands: its agent, the session, and the items in display order."""

    agent: Agent
    session: Session
    items: list[TimelineItem]

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Read the API's shape, in which the items are below ``timeline``."""
        return cls(
            agent=Agent.from_dict(data["agent"]),
            session=Session.from_dict(data["session"]),
            items=[item_from_dict(item) for item in data["timeline"]["items"]],
            _wire=data,
        )

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """Decode, then read as :meth:`from_dict` does."""
        return cls.from_dict(msgspec.json.decode(body, type=dict[str, Any]))

    def to_dict(self) -> dict[str, Any]:
        """Return the API's own shape."""
        if self._wire is not msgspec.UNSET:
            return super().to_dict()
        return {
            "agent": self.agent.to_dict(),
            "session": self.session.to_dict(),
            "timeline": {"items": [item.to_dict() for item in self.items]},
        }
