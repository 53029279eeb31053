"""The custom tools that a manifest declares, with what their bundle says of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from ..agents.tools import ToolSpec
from ..store.records import JsonObject
from .archive import Files
from .code_first import code_first_tool
from .manifest import parse_yaml

MAIN_SECONDS = 60
"""Seconds that a main tool may take when its entry does not say."""


def declared_tools(manifest: JsonObject, files: Files) -> Iterator[tuple[JsonObject, ToolSpec]]:
    """Give each entry of ``custom_tools`` with its specification, if it is described anywhere.

    Args:
        manifest: The manifest of a version that was published, so it and its files were checked.
        files: The files of the version's bundle.
    """
    for entry in manifest.get("custom_tools") or []:
        if about := _about(entry, files):
            yield entry, _spec(entry, about)


def is_described(entry: JsonObject, files: Files) -> bool:
    """Whether the bundle says what a custom tool does and takes."""
    return _about(entry, files) is not None


def described_in(entry: JsonObject) -> str:
    """The path of the file in which a custom tool can be described by hand."""
    return f"{folder_of(entry)}/tool.yml"


def folder_of(entry: JsonObject) -> str:
    """The folder of a custom tool in its bundle."""
    return str(entry["path"]).removesuffix("/tool.yml").rstrip("/")


class _About(NamedTuple):
    """What is said of a tool beside its entry."""

    description: str
    input_schema: JsonObject
    output_schema: JsonObject | None
    timeout_seconds: float | None = None


def _about(entry: JsonObject, files: Files) -> _About | None:
    folder, path = folder_of(entry), described_in(entry)
    if path in files:
        told = parse_yaml(files[path], path)
        output = told.get("output_schema")
        return _About(
            str(told["description"]),
            _schema(told["input_schema"], folder, files),
            None if output is None else _schema(output, folder, files),
            told.get("timeout_seconds"),
        )
    tool = code_first_tool(folder, files)
    if tool is None:
        return None
    return _About(str(entry["description"]), tool.input_schema_json, tool.output_schema_json)


def _spec(entry: JsonObject, about: _About) -> ToolSpec:
    default = MAIN_SECONDS if entry["kind"] == "main" else None
    return ToolSpec(
        name=str(entry["name"]),
        description=about.description,
        input_schema=about.input_schema,
        kind=entry["kind"],
        output_schema=about.output_schema,
        timeout_seconds=entry.get("timeout_seconds") or about.timeout_seconds or default,
    )


def _schema(file: Any, folder: str, files: Files) -> JsonObject:
    path = next(path for path in (f"{folder}/{file}", str(file)) if path in files)
    schema: JsonObject | bool = msgspec.json.decode(files[path])
    if isinstance(schema, bool):
        # JSON Schema has two without words, and protocols of LLMs know objects only.
        return {} if schema else {"not": {}}
    return schema
