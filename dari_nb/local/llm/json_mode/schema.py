"""The JSON Schema of one step: a call of one of the tools, or an answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...agents.tools import ToolSpec
from ...store.records import JsonObject
from ..conversation import wire_name

TOOL, ARGUMENTS, ANSWER = "tool", "arguments", "answer"
"""The keys of a step: the first two of a call, the last one of an answer."""
PLACE = "#/$defs/"
"""Where the schema of each tool's arguments stands; servers name the place that they cannot use."""

_OF_NAMES = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
"""Keywords that hold schemas by names of the tool's own."""
_VALUES = ("const", "enum", "default", "examples")
"""Keywords that hold values and no schemas."""
_LEFT_OUT = ("$schema", "$id")
"""What would have references looked up elsewhere."""
_SAYS_NOTHING = {"type", "properties", "required", "title", "description"}


def schema_of(tools: Iterable[ToolSpec]) -> JsonObject:
    """Bind a model to exactly one call of these tools, or to an answer.

    >>> tool = ToolSpec("now", "Tells the time.", {"type": "object"}, "built_in")
    >>> schema_of([tool])["anyOf"][0]["properties"]["tool"]
    {'const': 'now'}
    """
    places: dict[str, JsonObject] = {}
    for tool in tools:
        name = wire_name(tool.name)
        places.setdefault(name, _arguments(tool.input_schema, PLACE + name))
    calls = [_only({TOOL: {"const": name}, ARGUMENTS: {"$ref": PLACE + name}}) for name in places]
    return {"anyOf": [*calls, _only({ANSWER: {"type": "string"}})], "$defs": places}


def _only(properties: JsonObject) -> JsonObject:
    """An object of just these properties, which are written in their order."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _arguments(schema: JsonObject, place: str) -> JsonObject:
    """The schema of a tool's arguments, to stand at a place within another."""
    moved: JsonObject = _moved(schema, place)
    if not moved.get("properties") and set(moved) <= _SAYS_NOTHING:
        # Any object would do, and a small model would not come to its end.
        return {"type": "object", "properties": {}, "additionalProperties": False}
    return moved if {"type", "$ref"} & set(moved) else {"type": "object", **moved}


def _moved(schema: Any, place: str) -> Any:
    """Have the references of a schema lead to where it stands now.

    A schema that is ``true`` or ``false`` is written as an object, since llama.cpp takes no other.
    """
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    if not isinstance(schema, dict):
        return schema
    return {
        key: _moved_part(key, value, place) for key, value in schema.items() if key not in _LEFT_OUT
    }


def _moved_part(key: str, value: Any, place: str) -> Any:
    if key == "$ref" and isinstance(value, str):
        return place + value[1:] if value.startswith("#") else value
    if key in _OF_NAMES and isinstance(value, dict):
        return {name: _moved(each, place) for name, each in value.items()}
    if key in _VALUES or isinstance(value, bool):
        return value
    if isinstance(value, list):
        return [_moved(each, place) if isinstance(each, dict) else each for each in value]
    return _moved(value, place)
