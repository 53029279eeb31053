"""The custom tools that a manifest declares, with what their ``tool.yml`` says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from ..bundle import Files
from ..manifest import parse_yaml
from ..records import JsonObject
from .specs import ToolSpec

MAIN_SECONDS = 60
"""Seconds that a main tool may take when its entry does not say."""


def declared_tools(manifest: JsonObject, files: Files) -> Iterator[tuple[JsonObject, ToolSpec]]:
    """Give each entry of ``custom_tools`` with its specification, if it has a ``tool.yml``.

    Args:
        manifest: The manifest of a version that was published, so it and its files were checked.
        files: The files of the version's bundle.
    """
    for entry in manifest.get("custom_tools") or []:
        if described_in(entry) in files:
            yield entry, _spec(entry, files)


def described_in(entry: JsonObject) -> str:
    """The path of the file that says what a custom tool does and takes."""
    return f"{folder_of(entry)}/tool.yml"


def folder_of(entry: JsonObject) -> str:
    """The folder of a custom tool in its bundle."""
    return str(entry["path"]).removesuffix("/tool.yml").rstrip("/")


def _spec(entry: JsonObject, files: Files) -> ToolSpec:
    folder = folder_of(entry)
    path = described_in(entry)
    about = parse_yaml(files[path], path)
    seconds = entry.get("timeout_seconds") or about.get("timeout_seconds")
    default = MAIN_SECONDS if entry["kind"] == "main" else None
    output = about.get("output_schema")
    return ToolSpec(
        name=str(entry["name"]),
        description=str(about["description"]),
        input_schema=_schema(about["input_schema"], folder, files),
        kind=entry["kind"],
        output_schema=None if output is None else _schema(output, folder, files),
        timeout_seconds=seconds or default,
    )


def _schema(file: Any, folder: str, files: Files) -> JsonObject:
    path = next(path for path in (f"{folder}/{file}", str(file)) if path in files)
    schema: JsonObject = msgspec.json.decode(files[path])
    return schema
