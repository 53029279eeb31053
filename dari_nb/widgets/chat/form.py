"""JSON Schemas as forms, and what was filled in as JSON values. No I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ...errors import InvalidRequestError
from .wire import Field

_KINDS = {"string": "text", "number": "number", "integer": "integer", "boolean": "boolean"}
_MOST_FIELDS = 12


def fields_of(schema: Mapping[str, Any] | None) -> list[Field]:
    """Make the fields of an object's schema; none when a form would not do it justice.

    >>> [f["kind"] for f in fields_of({"type": "object", "properties": {"n": {"type": "integer"}}})]
    ['integer']
    """
    if not isinstance(schema, Mapping) or schema.get("type") != "object":
        return []
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or not 0 < len(properties) <= _MOST_FIELDS:
        return []
    required = schema.get("required") or ()
    return [_field(str(name), part, name in required) for name, part in properties.items()]


def value_of(fields: list[Field], values: Any) -> Any:
    """Read what was filled in: an object by the fields, or JSON text where there are none.

    Raises:
        InvalidRequestError: A value cannot be read; the text names the field.
    """
    if not fields:
        return _json(str(values), "The answer")
    given = values if isinstance(values, Mapping) else {}
    result = {}
    for field in fields:
        value = given.get(field["name"])
        if value in (None, ""):
            if field["required"]:
                raise InvalidRequestError(f"{field['name']} is missing.", code="missing_value")
            continue
        result[field["name"]] = _read(field, value)
    return result


def _field(name: str, part: Any, required: bool) -> Field:
    schema = part if isinstance(part, Mapping) else {}
    choices = schema.get("enum")
    is_choice = isinstance(choices, list) and all(isinstance(one, str) for one in choices)
    kind: Any = "choice" if is_choice else _KINDS.get(str(schema.get("type")), "json")
    return Field(
        name=name,
        kind=kind,
        choices=list(choices) if is_choice and isinstance(choices, list) else [],
        required=required,
        help=str(schema.get("description") or ""),
    )


def _read(field: Field, value: Any) -> Any:
    name, kind = field["name"], field["kind"]
    if kind == "boolean":
        return value in (True, "true")
    if kind == "json":
        return _json(str(value), name)
    if kind in ("text", "choice"):
        return str(value)
    try:
        return int(value) if kind == "integer" else float(value)
    except (TypeError, ValueError):
        raise InvalidRequestError(
            f"{name} takes a number, not {value!r}.", code="invalid_number"
        ) from None


def _json(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidRequestError(f"{what} is no JSON: {error}.", code="invalid_json") from None
