"""The table of operations as an OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from ..._version import __version__
from ..records import JsonObject
from .answers import ANSWERS
from .bodies import BODIES
from .operations import JSON, OPERATIONS, Operation
from .shapes import TEXT, ref


def description(served: Iterable[tuple[str, str]], server: str = "/v1") -> JsonObject:
    """Describe the operations that are served.

    Args:
        served: Method and path below ``/v1`` of each route.
        server: Address of the API, ``/v1`` included; may be relative.

    Returns:
        An OpenAPI 3.1 document, ready for JSON.

    >>> description([("GET", "/agents")])["paths"]["/agents"]["get"]["operationId"]
    'list_agents'
    """
    routes, paths = set(served), dict[str, Any]()
    for operation in OPERATIONS:
        if (operation.method, operation.path) in routes:
            item = paths.setdefault(operation.path, {})
            item[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Local Dari", "version": __version__},
        "servers": [{"url": server}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": BODIES | ANSWERS,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(operation: Operation) -> JsonObject:
    described: JsonObject = {
        "operationId": operation.name,
        "summary": operation.summary,
        "responses": _responses(operation),
    }
    if parameters := _parameters(operation):
        described["parameters"] = parameters
    if operation.body is not None:
        content = {operation.body_media: {"schema": operation.body}}
        described["requestBody"] = {"required": operation.body_required, "content": content}
    return described


def _parameters(operation: Operation) -> list[JsonObject]:
    names = re.findall(r"{(\w+)}", operation.path)
    in_path = [{"name": name, "in": "path", "required": True, "schema": TEXT} for name in names]
    in_query = [
        {"name": name, "in": "query", "required": name in operation.required_query, "schema": shape}
        for name, shape in operation.query.items()
    ]
    in_headers = [
        {"name": name, "in": "header", "required": False, "description": text, "schema": TEXT}
        for name, text in operation.headers.items()
    ]
    return [*in_path, *in_query, *in_headers]


def _responses(operation: Operation) -> JsonObject:
    codes = {401, *operation.refusals}
    if "_id}" in operation.path:
        codes.add(403)
    if operation.body is not None and operation.body_media == JSON:
        codes.add(413)
    answers = {
        str(operation.status): _response(operation.status, operation.media, operation.answer)
    }
    return answers | {str(code): _response(code, JSON, ref("Error")) for code in sorted(codes)}


def _response(code: int, media: str, schema: JsonObject) -> JsonObject:
    return {"description": HTTPStatus(code).phrase, "content": {media: {"schema": schema}}}
