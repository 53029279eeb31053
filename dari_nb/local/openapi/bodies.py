"""Shapes of request bodies as JSON Schema."""

from __future__ import annotations

from ...models import WEBHOOK_EVENT_TYPES
from ..records import JsonObject
from .shapes import (
    ANYTHING,
    CONTENT,
    EMAIL,
    FLAG,
    NUMBER,
    OBJECT,
    SECRET_NAME,
    SECRETS,
    SOME_TEXT,
    TEXT,
    TEXTS,
    either,
    list_of,
    one_of_words,
    record,
    ref,
    tagged,
)

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
_FIRST_MESSAGE = record({"content": CONTENT}, {"metadata": OBJECT})

BODIES: JsonObject = {
    "Content": list_of(
        either(
            tagged("text", {"text": TEXT}),
            tagged("file", {"file_id": TEXT}),
            tagged("image", {"file_id": TEXT}),
        )
    ),
    "NewSession": record({}, _SESSION_OPTIONS),
    "UserMessage": tagged("user.message", {"content": CONTENT}, {"metadata": OBJECT}),
    "ToolResult": tagged(
        "tool.result_submitted",
        {"message_id": TEXT, "tool_call_id": TEXT},
        {"result": ANYTHING, "is_error": {**FLAG, "default": False}},
    ),
    "FirstMessage": tagged(
        "user.message", {"content": CONTENT}, {"metadata": OBJECT, "session": ref("NewSession")}
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
    "NewInvitation": record({"email": EMAIL, "role": one_of_words("owner", "admin", "member")}),
}
