"""Shapes of answers as JSON Schema."""

from __future__ import annotations

from ....models import EVENT_TYPES, TOKENS, WEBHOOK_EVENT_TYPES
from ....models.events import MESSAGE_CANCEL_REQUESTED
from ...store.records import JsonObject
from .shapes import (
    ANYTHING,
    BATCH_ITEM_STATUSES,
    CONTENT,
    COUNT,
    FLAG,
    MAYBE_TEXT,
    MAYBE_TIME,
    MESSAGE_STATUS,
    NUMBER,
    OBJECT,
    SECRET_NAME,
    TEXT,
    TEXTS,
    TIME,
    TOOL_CALL_STATUSES,
    either,
    list_of,
    one_of_words,
    record,
    ref,
    tagged,
)

_AGENT_REF = record({"id": TEXT}, {"name": TEXT, "active_version_id": MAYBE_TEXT})
_CUT_OFF: JsonObject = {"stop_reason": TEXT, "max_tokens": NUMBER}
"""What an answer has that was cut off (contract, section 18.5)."""
_SESSION: JsonObject = {
    "id": TEXT,
    "agent_id": TEXT,
    "version_id": TEXT,
    "llm_id": MAYBE_TEXT,
    "name": MAYBE_TEXT,
    "storage_binding_id": MAYBE_TEXT,
    "internet_access": FLAG,
    "status": {"type": "string", "examples": ["idle", "running"]},
    "last_message_id": MAYBE_TEXT,
    "last_message_status": either(MESSAGE_STATUS, {"type": "null"}),
    "created_at": TIME,
    "metadata": TEXTS,
}
_ENDED: JsonObject = {"last_message_stop_reason": TEXT}
_ORIGIN: JsonObject = {"session_id": TEXT, "message_id": MAYBE_TEXT}
"""Where a copy happened, in a session that began as a fork (contract, section 18.4)."""
_ITEM: JsonObject = {"id": TEXT, "message_id": TEXT, "created_at": TIME}

ANSWERS: JsonObject = {
    "Content": list_of(either(ref("TextBlock"), ref("FileBlock"), ref("ImageBlock"))),
    "Error": record({"detail": either(TEXT, list_of(OBJECT), OBJECT)}),
    "File": record({"id": TEXT, "filename": TEXT, "size_bytes": COUNT}),
    "Agent": record(
        {
            "id": TEXT,
            "name": TEXT,
            "active_version_id": MAYBE_TEXT,
            "created_at": TIME,
            "deleted_at": MAYBE_TIME,
        }
    ),
    "Version": record(
        {"id": TEXT},
        {
            "agent_id": TEXT,
            "is_active": FLAG,
            "archive_sha256": TEXT,
            "size_bytes": COUNT,
            "created_at": TIME,
            "refused": TEXT,
        },
    ),
    "Versions": record({"agent": _AGENT_REF, "versions": list_of(ref("Version"))}),
    "VersionOfAgent": record({"agent": _AGENT_REF, "version": ref("Version")}),
    "Published": record(
        {"agent_id": TEXT, "version_id": TEXT, "agent_url": TEXT}, {"notes": list_of(TEXT)}
    ),
    "Snapshot": record(
        {
            "source_snapshot_id": TEXT,
            "status": one_of_words("pending_upload", "ready", "failed"),
        },
        {"failure_reason": MAYBE_TEXT},
    ),
    "SnapshotTarget": record(
        {
            "source_snapshot_id": TEXT,
            "upload_url": TEXT,
            "upload_headers": TEXTS,
            "expires_at": TIME,
            "status": one_of_words("pending_upload", "ready", "failed"),
        }
    ),
    "SnapshotManifest": record(
        {
            "source_snapshot_id": TEXT,
            "manifest": record({"name": TEXT, "harness": either({**TEXT, "const": "pi"}, OBJECT)}),
        },
        {"system_prompt": TEXT},
    ),
    "Session": record(_SESSION, _ENDED),
    "NewSession": record(_SESSION, {**_ENDED, "notes": list_of(TEXT)}),
    "Event": record(
        {
            "id": TEXT,
            "session_id": TEXT,
            "sequence_number": NUMBER,
            "message_id": MAYBE_TEXT,
            "type": one_of_words(*sorted({*EVENT_TYPES, MESSAGE_CANCEL_REQUESTED})),
            "source": one_of_words("user", "runtime", "platform"),
            "actor": record({"type": TEXT}, {"id": MAYBE_TEXT}),
            "data": OBJECT,
            "created_at": TIME,
        },
        {"copied_from": record({**_ORIGIN, "event_id": TEXT})},
    ),
    "Sent": record(
        {
            "event": ref("Event"),
            "message": either(record({"id": TEXT, "status": MESSAGE_STATUS}), {"type": "null"}),
            "session": ref("Session"),
        }
    ),
    "OutputPart": either(
        tagged("text", {"text": TEXT}),
        tagged("reasoning", {"reasoning": TEXT}, {"provider": OBJECT}),
        tagged("tool_call", {"id": TEXT, "name": TEXT, "arguments": OBJECT}),
        tagged(
            "tool_result",
            {"tool_call_id": TEXT, "tool_name": TEXT, "content": CONTENT, "is_error": FLAG},
        ),
    ),
    "Message": record(
        {
            "id": TEXT,
            "session_id": TEXT,
            "sequence_number": NUMBER,
            "parts": CONTENT,
            "status": MESSAGE_STATUS,
            "attempt": NUMBER,
            "output": either(
                record({}, {"parts": list_of(ref("OutputPart")), "error": ANYTHING, **_CUT_OFF}),
                {"type": "null"},
            ),
            "created_at": TIME,
            "completed_at": MAYBE_TIME,
        },
        {
            "started_at": TIME,
            "metadata": {"type": ["object", "null"]},
            "copied_from": record(_ORIGIN),
            "usage": record({}, dict.fromkeys(TOKENS, COUNT)),
        },
    ),
    "Transcript": record(
        {
            "agent": ref("Agent"),
            "session": ref("Session"),
            "timeline": record({"items": list_of(ref("TranscriptItem"))}),
        }
    ),
    "TranscriptItem": either(
        tagged("user_message", {**_ITEM, "content": CONTENT}),
        tagged(
            "assistant_message",
            {**_ITEM, "status": MESSAGE_STATUS, "content": CONTENT},
            {"error_message": MAYBE_TEXT, **_CUT_OFF},
        ),
        tagged(
            "tool_call",
            {
                **_ITEM,
                "tool_call_id": TEXT,
                "tool_name": TEXT,
                "arguments": OBJECT,
                "status": one_of_words(*TOOL_CALL_STATUSES),
            },
            {
                "result": ANYTHING,
                "is_error": {"type": ["boolean", "null"]},
                "completed_at": MAYBE_TIME,
            },
        ),
    ),
    "Batch": record(
        {
            "batch_id": TEXT,
            "status": one_of_words("queued", "running", "completed", "failed", "partial_failed"),
            "sessions": list_of(
                record(
                    {"index": COUNT, "status": one_of_words(*BATCH_ITEM_STATUSES)},
                    {
                        "session_id": MAYBE_TEXT,
                        "last_message_status": MAYBE_TEXT,
                        "agent_id": TEXT,
                        "version_id": MAYBE_TEXT,
                        "llm_id": MAYBE_TEXT,
                        "metadata": TEXTS,
                        "transcript_url": MAYBE_TEXT,
                        "error": MAYBE_TEXT,
                    },
                )
            ),
        },
        {"counts": record({}, dict.fromkeys(BATCH_ITEM_STATUSES, COUNT))},
    ),
    "Webhook": record(
        {
            "webhook_url": MAYBE_TEXT,
            "signing_enabled": FLAG,
            "event_types": list_of(one_of_words(*WEBHOOK_EVENT_TYPES)),
            "signing_secret": MAYBE_TEXT,
        }
    ),
    "Cost": record(
        {
            "scope_kind": TEXT,
            "scope_id": TEXT,
            "event_count": COUNT,
            "total_cost_usd": {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?$"},
        }
    ),
    "Credential": record(
        {"name": SECRET_NAME}, {"id": TEXT, "created": FLAG, "deleted_at": MAYBE_TIME}
    ),
    "StorageBinding": record(
        {"id": TEXT, "name": TEXT}, {"provider": TEXT, "bucket": TEXT, "base_prefix": TEXT}
    ),
    "ApiKey": record(
        {"id": TEXT},
        {"label": TEXT, "key_type": one_of_words("management", "routing"), "api_key": TEXT},
    ),
    "Member": record(
        {"role": TEXT, "status": one_of_words("active", "invited")},
        {"id": TEXT, "email": MAYBE_TEXT},
    ),
    "Invitation": record({"id": TEXT}, {"email": TEXT, "role": TEXT, "created_at": TIME}),
}
