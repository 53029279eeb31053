"""Typed resources and events. Unknown fields and unknown types are kept, never an error."""

from .content import Content, as_content, file_block, text_block, text_of
from .events import EVENT_TYPES, Event
from .resources import (
    TERMINAL,
    Agent,
    AgentVersion,
    File,
    Message,
    MessageOutput,
    SendResult,
    Session,
)
from .timeline import (
    AssistantMessageItem,
    TimelineItem,
    ToolCallItem,
    Transcript,
    UserMessageItem,
    item_from_dict,
)
from .times import format_time, parse_time, seconds_between

__all__ = [
    "EVENT_TYPES",
    "TERMINAL",
    "Agent",
    "AgentVersion",
    "AssistantMessageItem",
    "Content",
    "Event",
    "File",
    "Message",
    "MessageOutput",
    "SendResult",
    "Session",
    "TimelineItem",
    "ToolCallItem",
    "Transcript",
    "UserMessageItem",
    "as_content",
    "file_block",
    "format_time",
    "item_from_dict",
    "parse_time",
    "seconds_between",
    "text_block",
    "text_of",
]
