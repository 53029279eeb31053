"""The tools and skills that a bundle brings (contract, section 15)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec

from ..json_schema.schemas import check_schema
from ..store.records import JsonObject
from .archive import Files
from .code_first import GENERATED, code_first_tool

BUILT_IN_TOOLS = ("read", "bash", "edit", "write", "grep", "find", "ls")
_DESCRIPTION = 1024
_MAX_SCHEMA = 256 * 1024
"""Bytes of a schema: reading JSON holds up every other thread."""
_FRONT_MATTER = re.compile(rb"\A---\r?\n(.*?)\r?\n---\s*(?:\r?\n|\Z)", re.DOTALL)

ParseYaml = Callable[[bytes, str], JsonObject]
Positive = Annotated[int, msgspec.Meta(ge=1)]


class Tool(msgspec.Struct, kw_only=True):
    """An entry of ``custom_tools``."""

    name: Annotated[str, msgspec.Meta(min_length=1)]
    path: str
    kind: Literal["main", "external"]
    runtime: Literal["typescript", "python"] | None = None
    handler: str | None = None
    retries: Positive | None = None
    timeout_seconds: Positive | None = None
    description: str | None = None


def check_tool(tool: Tool, files: Files, place: str, parse_yaml: ParseYaml) -> None:
    """Check an entry, its description and JSON Schemas, in a ``tool.yml`` or generated from code.

    Raises:
        ValueError: Something is wrong; the text begins with the place.
    """
    folder = tool.path.removesuffix("/tool.yml").rstrip("/")
    if not folder.startswith("tools/") or not _has_folder(files, folder):
        raise ValueError(f"{place}.path: no folder {tool.path!r} below tools/")
    if tool.kind == "external":
        if tool.runtime or tool.handler or tool.retries:
            raise ValueError(f"{place}: an external tool has no runtime, handler or retries")
    elif tool.runtime is None or tool.handler is None:
        raise ValueError(f"{place}: a main tool needs runtime and handler")
    else:
        _check_handler(tool.handler, folder, files, place)
    if f"{folder}/tool.yml" in files:
        _check_description(tool, folder, files, parse_yaml)
    else:
        _check_code_first(tool, folder, files, place)


def _check_handler(handler: str, folder: str, files: Files, place: str) -> None:
    file, colon, export = handler.partition(":")
    if not (colon and export):
        raise ValueError(f"{place}.handler: {handler!r} is not like handler.ts:main")
    if f"{folder}/{file}" not in files and file not in files:
        raise ValueError(f"{place}.handler: no file {file!r} in {folder}")


def _check_description(tool: Tool, folder: str, files: Files, parse_yaml: ParseYaml) -> None:
    path = f"{folder}/tool.yml"
    about = parse_yaml(files[path], path)
    if about.get("name") != tool.name:
        raise ValueError(f"{path}, name: {about.get('name')!r} is not {tool.name!r}")
    if not isinstance(about.get("description"), str):
        raise ValueError(f"{path}, description: a text is missing")  # noqa: TRY004
    _check_schema(about.get("input_schema"), folder, files, f"{path}, input_schema")
    if about.get("output_schema") is not None:
        _check_schema(about["output_schema"], folder, files, f"{path}, output_schema")
    _check_seconds(about.get("timeout_seconds"), f"{path}, timeout_seconds")


def _check_code_first(tool: Tool, folder: str, files: Files, place: str) -> None:
    found = code_first_tool(folder, files)
    if found is None:
        raise ValueError(f"{folder}/tool.yml is missing in the bundle")
    if tool.kind != "main":
        raise ValueError(f"{place}: what {folder} describes in code is a main tool")
    if not tool.description:
        raise ValueError(f"{place}.description: a text is missing")
    for key, schema in (("input", found.input_schema_json), ("output", found.output_schema_json)):
        try:
            check_schema({} if schema is None else schema)
        except ValueError as error:
            where = f"{GENERATED}, {found.name}, {key}_schema_json"
            raise ValueError(f"{where} is {error}") from None


def _check_seconds(seconds: Any, place: str) -> None:
    """The contract shows the time here and in ``dari.yml``, where its shape is checked (U24)."""
    is_whole = isinstance(seconds, int) and not isinstance(seconds, bool)
    if seconds is not None and not (is_whole and seconds > 0):
        raise ValueError(f"{place}: {seconds!r} is no whole number of seconds from 1")


def _check_schema(file: Any, folder: str, files: Files, place: str) -> None:
    path = next((p for p in (f"{folder}/{file}", str(file)) if p in files), None)
    if path is None:
        raise ValueError(f"{place}: no file {file!r}")
    if len(files[path]) > _MAX_SCHEMA:
        raise ValueError(f"{path} is larger than {_MAX_SCHEMA} bytes")
    try:
        check_schema(msgspec.json.decode(files[path]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path} is no JSON Schema: {error}") from None
    except ValueError as error:
        raise ValueError(f"{path} is {error}") from None


def check_skill(name: str, path: str, files: Files, place: str, parse_yaml: ParseYaml) -> None:
    """Check that a skill's ``SKILL.md`` says what it is.

    Raises:
        ValueError: Something is wrong; the text begins with the place.
    """
    folder = path.rstrip("/")
    file = f"{folder}/SKILL.md"
    if not folder.startswith("skills/") or file not in files:
        raise ValueError(f"{place}.path: no {file} below skills/")
    match = _FRONT_MATTER.match(files[file])
    if match is None:
        raise ValueError(f"{file} has no front matter")
    about = parse_yaml(match[1], file)
    if about.get("name") != name:
        raise ValueError(f"{file}, name: {about.get('name')!r} is not {name!r}")
    description = about.get("description")
    if not isinstance(description, str) or not 0 < len(description) <= _DESCRIPTION:
        raise ValueError(f"{file}, description: 1 to {_DESCRIPTION} characters are needed")


def _has_folder(files: Files, folder: str) -> bool:
    return any(path.startswith(f"{folder}/") for path in files)
