"""Shapes of bodies and answers as JSON Schema: the components of the description."""

from __future__ import annotations

from ...models import EVENT_TYPES, WEBHOOK_EVENT_TYPES
from ..records import JsonObject

TEXT: JsonObject = {"type": "string"}
SOME_TEXT: JsonObject = {"type": "string", "minLength": 1}
MAYBE_TEXT: JsonObject = {"type": ["string", "null"]}
FLAG: JsonObject = {"type": "boolean"}
COUNT: JsonObject = {"type": "integer", "minimum": 0}
NUMBER: JsonObject = {"type": "integer", "minimum": 1}
TIME: JsonObject = {"type": "string", "format": "date-time"}
MAYBE_TIME: JsonObject = {"type": ["string", "null"], "format": "date-time"}
ANYTHING: JsonObject = {}
OBJECT: JsonObject = {"type": "object"}
TEXTS: JsonObject = {"type": "object", "additionalProperties": TEXT}
SECRET_NAME: JsonObject = {"type": "string", "pattern": "^[A-Z_][A-Z0-9_]*$"}
SECRETS: JsonObject = {
    "type": "object",
    "propertyNames": SECRET_NAME,
    "additionalProperties": SOME_TEXT,
}

MESSAGE_STATUSES = ["queued", "running", "waiting_for_tool", "completed", "failed"]
TOOL_CALL_STATUSES = ["requested", "running", "completed", "failed"]
BATCH_ITEM_STATUSES = ["queued", "running", "completed", "failed"]


def ref(name: str) -> JsonObject:
    """Refer to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def one_of_words(*words: str) -> JsonObject:
    """A text that is one of these."""
    return {"type": "string", "enum": list(words)}


def list_of(item: JsonObject, **limits: int) -> JsonObject:
    """A list of like items."""
    return {"type": "array", "items": item, **limits}


def either(*shapes: JsonObject) -> JsonObject:
    """One of several shapes."""
    return {"anyOf": list(shapes)}


def record(always: JsonObject, sometimes: JsonObject | None = None) -> JsonObject:
    """An object with these fields; others may be there besides."""
    fields = {**always, **(sometimes or {})}
    shape: JsonObject = {"type": "object", "properties": fields}
    return {**shape, "required": list(always)} if always else shape


def tagged(tag: str, always: JsonObject, sometimes: JsonObject | None = None) -> JsonObject:
    """An object whose ``type`` says what it is."""
    return record({"type": {"type": "string", "const": tag}, **always}, sometimes)


_CONTENT = ref("Content")
_MESSAGE_STATUS = one_of_words(*MESSAGE_STATUSES)
_AGENT_REF = record({"id": TEXT}, {"name": TEXT, "active_version_id": MAYBE_TEXT})
_SESSION_OPTIONS: JsonObject = {
    "name": TEXT,
    "storage_binding_id": TEXT,
    "metadata": TEXTS,
    "secrets": SECRETS,
    "llm_api_key": {**SOME_TEXT, "writeOnly": True},
    "llm_id": TEXT,
    "internet_access": FLAG,
    "version_id": TEXT,
}
_ITEM: JsonObject = {"id": TEXT, "message_id": TEXT, "created_at": TIME}
_FIRST_MESSAGE = record({"content": _CONTENT}, {"metadata": OBJECT})

BODIES: JsonObject = {
    "Content": list_of(
        either(
            tagged("text", {"text": TEXT}),
            tagged("file", {"file_id": TEXT}),
            tagged("image", {"file_id": TEXT}),
        )
    ),
    "NewSession": record({}, _SESSION_OPTIONS),
    "UserMessage": tagged("user.message", {"content": _CONTENT}, {"metadata": OBJECT}),
    "ToolResult": tagged(
        "tool.result_submitted",
        {"message_id": TEXT, "tool_call_id": TEXT},
        {"result": ANYTHING, "is_error": {**FLAG, "default": False}},
    ),
    "FirstMessage": tagged(
        "user.message", {"content": _CONTENT}, {"metadata": OBJECT, "session": ref("NewSession")}
    ),
    "NewSnapshot": record(
        {
            "format": {"type": "string", "const": "tar.gz"},
            "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "size_bytes": NUMBER,
        },
        {"metadata": OBJECT},
    ),
    "Publish": record({"source_snapshot_id": TEXT}),
    "ModelBackend": record({"kind": {"type": "string", "const": "router"}, "router_id": TEXT}),
    "NewBatch": record(
        {
            "items": list_of(
                record(
                    {"agent_id": TEXT, "message": _FIRST_MESSAGE},
                    {"version_id": TEXT, "llm_id": TEXT, "metadata": TEXTS, "secrets": SECRETS},
                ),
                minItems=1,
                maxItems=100,
            )
        },
        {"idempotency_key": {"type": "string", "minLength": 1, "maxLength": 128}},
    ),
    "NewWebhook": record(
        {"webhook_url": {"type": "string", "format": "uri"}},
        {"event_types": list_of(one_of_words(*WEBHOOK_EVENT_TYPES))},
    ),
    "NewCredential": record({"value": SOME_TEXT}),
    "NewStorageBinding": record(
        {
            "provider": {"type": "string", "const": "gcs"},
            "name": SOME_TEXT,
            "bucket": SOME_TEXT,
            "base_prefix": TEXT,
            "service_account_key_credential_name": SECRET_NAME,
        }
    ),
    "NewApiKey": record({"label": SOME_TEXT}, {"key_type": one_of_words("management", "routing")}),
    "NewInvitation": record({"email": SOME_TEXT, "role": one_of_words("owner", "admin", "member")}),
}

ANSWERS: JsonObject = {
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
            "archive_sha256": MAYBE_TEXT,
            "size_bytes": {"type": ["integer", "null"]},
            "created_at": TIME,
        },
    ),
    "Versions": record({"agent": _AGENT_REF, "versions": list_of(ref("Version"))}),
    "VersionOfAgent": record({"agent": _AGENT_REF, "version": ref("Version")}),
    "Published": record({"agent_id": TEXT, "version_id": TEXT, "agent_url": TEXT}),
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
    "Session": record(
        {
            "id": TEXT,
            "agent_id": TEXT,
            "version_id": TEXT,
            "llm_id": MAYBE_TEXT,
            "name": MAYBE_TEXT,
            "storage_binding_id": MAYBE_TEXT,
            "internet_access": FLAG,
            "status": {"type": "string", "examples": ["idle", "running"]},
            "last_message_id": MAYBE_TEXT,
            "last_message_status": either(_MESSAGE_STATUS, {"type": "null"}),
            "created_at": TIME,
            "metadata": TEXTS,
        }
    ),
    "Event": record(
        {
            "id": TEXT,
            "session_id": TEXT,
            "sequence_number": NUMBER,
            "message_id": MAYBE_TEXT,
            "type": one_of_words(*sorted(EVENT_TYPES)),
            "source": one_of_words("user", "runtime", "platform"),
            "actor": record({"type": TEXT}, {"id": MAYBE_TEXT}),
            "data": OBJECT,
            "created_at": TIME,
        }
    ),
    "Sent": record(
        {
            "event": ref("Event"),
            "message": either(record({"id": TEXT, "status": _MESSAGE_STATUS}), {"type": "null"}),
            "session": ref("Session"),
        }
    ),
    "OutputPart": either(
        tagged("text", {"text": TEXT}),
        tagged("tool_call", {"id": TEXT, "name": TEXT, "arguments": OBJECT}),
        tagged(
            "tool_result",
            {"tool_call_id": TEXT, "tool_name": TEXT, "content": _CONTENT, "is_error": FLAG},
        ),
    ),
    "Message": record(
        {
            "id": TEXT,
            "session_id": TEXT,
            "sequence_number": NUMBER,
            "parts": _CONTENT,
            "status": _MESSAGE_STATUS,
            "attempt": NUMBER,
            "output": either(
                record({}, {"parts": list_of(ref("OutputPart")), "error": ANYTHING}),
                {"type": "null"},
            ),
            "created_at": TIME,
            "completed_at": MAYBE_TIME,
        },
        {"metadata": {"type": ["object", "null"]}},
    ),
    "Transcript": record(
        {
            "agent": ref("Agent"),
            "session": ref("Session"),
            "timeline": record({"items": list_of(ref("TranscriptItem"))}),
        }
    ),
    "TranscriptItem": either(
        tagged("user_message", {**_ITEM, "content": _CONTENT}),
        tagged(
            "assistant_message",
            {**_ITEM, "status": _MESSAGE_STATUS, "content": _CONTENT},
            {"error_message": MAYBE_TEXT},
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
}

SCHEMAS: JsonObject = BODIES | ANSWERS
