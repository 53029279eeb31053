"""Operations as an OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from ...._version import __version__
from ...store.records import JsonObject
from .answers import ANSWERS
from .operation import JSON, Operation
from .shapes import TEXT, ref

_FORM = "multipart/form-data"
_REFERENCE = "#/components/schemas/{name}"


def description(operations: Sequence[Operation], server: str = "/v1") -> JsonObject:
    """Describe operations; their bodies from the types that they are read as.

    Args:
        operations: What is served.
        server: Address of the API, ``/v1`` included; may be relative.

    Returns:
        An OpenAPI 3.1 document, ready for JSON.

    >>> description([])["openapi"]
    '3.1.0'
    """
    bodies = {one.name: one.body for one in operations if one.body is not None}
    shapes, components = msgspec.json.schema_components(bodies.values(), ref_template=_REFERENCE)
    shape_of = dict(zip(bodies, shapes, strict=True))
    paths = dict[str, Any]()
    for one in operations:
        item = paths.setdefault(one.path, {})
        item[one.method.lower()] = _operation(one, shape_of.get(one.name))
    return {
        "openapi": "3.1.0",
        "info": {"title": "Local Dari", "version": __version__},
        "servers": [{"url": server}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": _as_ecma(components) | ANSWERS,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(operation: Operation, body: JsonObject | None) -> JsonObject:
    described: JsonObject = {
        "operationId": operation.name,
        "summary": operation.summary,
        "responses": _responses(operation),
    }
    if parameters := _parameters(operation):
        described["parameters"] = parameters
    if body is not None:
        described["requestBody"] = _body(JSON, body, required=not _takes_nothing(operation.body))
    elif operation.form is not None:
        described["requestBody"] = _body(_FORM, operation.form, required=True)
    return described


def _body(media: str, schema: JsonObject, *, required: bool) -> JsonObject:
    return {"required": required, "content": {media: {"schema": schema}}}


def _takes_nothing(body: Any) -> bool:
    """Whether a body may be left out, which counts as an empty object."""
    try:
        msgspec.convert({}, body)
    except msgspec.ValidationError:
        return False
    return True


def _parameters(operation: Operation) -> list[JsonObject]:
    in_path = [
        _parameter("path", name, operation.parameters.get(name, TEXT), required=True)
        for name in re.findall(r"{(\w+)}", operation.path)
    ]
    in_query = [
        _parameter("query", name, shape, required=name in operation.required_query)
        for name, shape in operation.query.items()
    ]
    in_headers = [
        _parameter("header", name, shape, required=False)
        for name, shape in operation.headers.items()
    ]
    return [*in_path, *in_query, *in_headers]


def _parameter(place: str, name: str, schema: JsonObject, *, required: bool) -> JsonObject:
    return {"name": name, "in": place, "required": required, "schema": schema}


def _responses(operation: Operation) -> JsonObject:
    codes = {401, *operation.refusals}
    if "_id}" in operation.path:
        codes.add(403)
    if operation.body is not None:
        codes |= {413, 422}
    answers = {
        str(operation.status): _response(operation.status, operation.media, operation.answer)
    }
    return answers | {str(code): _response(code, JSON, ref("Error")) for code in sorted(codes)}


def _response(code: int, media: str, schema: JsonObject) -> JsonObject:
    return {"description": HTTPStatus(code).phrase, "content": {media: {"schema": schema}}}


def _as_ecma(schema: Any) -> Any:
    r"""Write patterns as JSON Schema has them, where ``$`` is what ``\Z`` is in Python."""
    if isinstance(schema, list):
        return [_as_ecma(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: one.replace(r"\Z", "$") if key == "pattern" and isinstance(one, str) else _as_ecma(one)
        for key, one in schema.items()
    }
