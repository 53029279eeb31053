"""What schemas are put together from: plain shapes, and how to combine them."""

from __future__ import annotations

from ...store.records import ENV_NAME, JsonObject

TEXT: JsonObject = {"type": "string"}
MAYBE_TEXT: JsonObject = {"type": ["string", "null"]}
FLAG: JsonObject = {"type": "boolean"}
COUNT: JsonObject = {"type": "integer", "minimum": 0}
NUMBER: JsonObject = {"type": "integer", "minimum": 1}
TIME: JsonObject = {"type": "string", "format": "date-time"}
MAYBE_TIME: JsonObject = {"type": ["string", "null"], "format": "date-time"}
ANYTHING: JsonObject = {}
OBJECT: JsonObject = {"type": "object"}
TEXTS: JsonObject = {"type": "object", "additionalProperties": TEXT}
SECRET_NAME: JsonObject = {"type": "string", "pattern": f"^{ENV_NAME}$"}

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


def listed(key: str, name: str) -> JsonObject:
    """A list of components, in an object under one key as all lists come."""
    return record({key: list_of(ref(name))})


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


CONTENT = ref("Content")
MESSAGE_STATUS = one_of_words(*MESSAGE_STATUSES)
