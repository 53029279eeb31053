"""Checking values against JSON Schemas, and whether something is one."""

from __future__ import annotations

from typing import Any


def flaw_of(value: Any, schema: Any) -> str | None:
    """Return what is wrong with a value, with its place, or ``None`` when it fits the schema.

    Only what the schema itself holds is looked at: a reference to another document is a flaw, and
    nothing is ever fetched.

    >>> flaw_of({"n": "x"}, {"properties": {"n": {"type": "integer"}}})
    "'x' is not of type 'integer' at $.n"
    """
    from jsonschema import Draft202012Validator, ValidationError
    from jsonschema.validators import validator_for
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    kind = validator_for(schema, default=Draft202012Validator)
    registry: Registry[Any] = Registry()
    try:
        kind(schema, registry=registry).validate(value)
    except ValidationError as error:
        return f"{_short(error.message)} at {error.json_path}"
    except Unresolvable as error:
        return f"the schema refers to {error.ref!r}, which it does not hold"
    return None


def check_schema(schema: Any) -> None:
    """Hold that something is a JSON Schema.

    Raises:
        ValueError: It is none; the text says where.
    """
    from jsonschema import Draft202012Validator, SchemaError
    from jsonschema.validators import validator_for

    try:
        validator_for(schema, default=Draft202012Validator).check_schema(schema)
    except SchemaError as error:
        where = f"at {error.json_path}"
        raise ValueError(f"no JSON Schema: {_short(error.message)} {where}") from None


def _short(text: str, limit: int = 300) -> str:
    return text if len(text) <= limit else f"{text[: limit // 2]} … {text[-limit // 2 :]}"
