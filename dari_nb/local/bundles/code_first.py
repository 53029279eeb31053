"""Tools that a ``tool.ts`` describes itself, as the ``dari`` command writes that into a bundle."""

from __future__ import annotations

import msgspec

from ..store.records import JsonObject
from .archive import Files

GENERATED = ".dari/code-first-tools.json"
"""The file that holds the schemas; their descriptions stand in ``dari.yml``."""
_MAX_GENERATED = 512 * 1024
"""Bytes of it: reading JSON holds up every other thread."""
SOURCES = ("tool.ts", "tool.mts")
"""Names of files that describe their tool."""


class CodeFirstTool(msgspec.Struct):
    """A tool with the folder that it is in, and its JSON Schemas."""

    name: str
    path: str
    input_schema_json: JsonObject
    output_schema_json: JsonObject | None = None


class _Generated(msgspec.Struct):
    tools: list[CodeFirstTool]
    version: int = 1


def code_first_tool(folder: str, files: Files) -> CodeFirstTool | None:
    """What a bundle says of the tool in a folder, or ``None`` when no ``tool.ts`` is described.

    Raises:
        ValueError: The file is not what the command writes; the text begins with its name.
    """
    has_source = any(f"{folder}/{name}" in files for name in SOURCES)
    if not has_source or GENERATED not in files:
        return None
    generated = _read(files[GENERATED])
    return next((tool for tool in generated.tools if _folder(tool) == folder), None)


def undeclared_sources(manifest: JsonObject, files: Files) -> list[str]:
    """The files that describe tools of which the manifest says nothing."""
    paths = [str(entry["path"]) for entry in manifest.get("custom_tools") or []]
    declared = {path.removesuffix("/tool.yml").rstrip("/") for path in paths}
    return sorted(
        path
        for path in files
        if path.startswith("tools/")
        and path.count("/") == 2
        and path.rpartition("/")[2] in SOURCES
        and path.rpartition("/")[0] not in declared
    )


def _read(content: bytes) -> _Generated:
    if len(content) > _MAX_GENERATED:
        raise ValueError(f"{GENERATED} is larger than {_MAX_GENERATED} bytes")
    try:
        generated = msgspec.json.decode(content, type=_Generated)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{GENERATED} is not what dari deploy writes: {error}") from None
    if generated.version != 1:
        raise ValueError(f"{GENERATED}, version: {generated.version} is not known here")
    return generated


def _folder(tool: CodeFirstTool) -> str:
    folder, _, name = tool.path.rstrip("/").rpartition("/")
    return folder if name in SOURCES else tool.path.rstrip("/")
