"""Typed resources and events. Unknown fields and unknown types are kept, never an error.

Docstrings cite the API's contract, by section (contract, section 8.4) and by what is open in it
(U5); it is in ``dari_nb/local/CONTRACT.md``, which is installed with the package.
"""

from .batches import BATCH_TERMINAL, Batch, BatchItem
from .content import (
    Content,
    as_content,
    file_block,
    is_reasoning,
    reasoning_block,
    reasoning_of,
    text_block,
    text_of,
)
from .events import EVENT_TYPES, Event
from .organization import ApiKey, CostSummary, Credential, Invitation, Member, StorageBinding
from .publishing import BundleFile, PublishResult, Snapshot, SnapshotManifest
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
from .times import UNKNOWN_TIME, format_time, parse_time, seconds_between
from .usage import TOKENS, tokens_in
from .webhooks import WEBHOOK_EVENT_TYPES, Webhook, WebhookDelivery

__all__ = [
    "BATCH_TERMINAL",
    "EVENT_TYPES",
    "TERMINAL",
    "TOKENS",
    "UNKNOWN_TIME",
    "WEBHOOK_EVENT_TYPES",
    "Agent",
    "AgentVersion",
    "ApiKey",
    "AssistantMessageItem",
    "Batch",
    "BatchItem",
    "BundleFile",
    "Content",
    "CostSummary",
    "Credential",
    "Event",
    "File",
    "Invitation",
    "Member",
    "Message",
    "MessageOutput",
    "PublishResult",
    "SendResult",
    "Session",
    "Snapshot",
    "SnapshotManifest",
    "StorageBinding",
    "TimelineItem",
    "ToolCallItem",
    "Transcript",
    "UserMessageItem",
    "Webhook",
    "WebhookDelivery",
    "as_content",
    "file_block",
    "format_time",
    "is_reasoning",
    "item_from_dict",
    "parse_time",
    "reasoning_block",
    "reasoning_of",
    "seconds_between",
    "text_block",
    "text_of",
    "tokens_in",
]
