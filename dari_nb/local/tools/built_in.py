"""The built-in tools: what a model is told of them, and what runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ..agents.tools import Run, ToolOutcome, ToolSpec
from ..bundles.tools import BUILT_IN_TOOLS
from ..sandbox.bubblewrap import Room
from ..sandbox.limits import Limits
from ..sandbox.process import run_sandboxed
from ..sandbox.threads import off_the_loop
from ..store.records import JsonObject
from ..workspaces.folder import Folder
from .reading import ls, read
from .searching import find, grep
from .unpacked import Unpacked
from .writing import edit, write

DEFAULT = ("read", "bash", "edit", "write")
"""The built-in tools of a manifest that does not name any."""
_PATH = {"type": "string", "minLength": 1, "description": "A path in the workspace."}
_BELOW = {**_PATH, "description": "The folder to look in; the whole workspace if left out."}
_COUNT = {"type": "integer", "minimum": 1}
_PATTERN = {"type": "string", "minLength": 1, "maxLength": 2000}
_FLAG = {"type": "boolean"}


def _schema(required: Sequence[str], **properties: JsonObject) -> JsonObject:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_ABOUT: dict[str, tuple[str, JsonObject]] = {
    "read": (
        "Read a text file of the workspace, all of it or some of its lines.",
        _schema(
            ["path"],
            path=_PATH,
            offset={**_COUNT, "description": "The first line; lines are counted from 1."},
            limit={**_COUNT, "description": "How many lines, up to 2000."},
        ),
    ),
    "bash": (
        "Run a command in bash, in /workspace, where only that, /bundle and programs are seen.",
        _schema(
            ["command"],
            command={"type": "string", "minLength": 1, "maxLength": 100_000},
            timeout={**_COUNT, "description": "Seconds after which it is stopped, up to 60."},
        ),
    ),
    "edit": (
        "Replace a text in a file that has it exactly, and once unless replace_all is set.",
        _schema(
            ["path", "old_text", "new_text"],
            path=_PATH,
            old_text={"type": "string", "minLength": 1},
            new_text={"type": "string"},
            replace_all={**_FLAG, "description": "Replace it wherever it stands."},
        ),
    ),
    "write": (
        "Write a whole text file, in place of one that is there; missing folders are made.",
        _schema(["path", "content"], path=_PATH, content={"type": "string"}),
    ),
    "grep": (
        "Search the text files of the workspace for lines that a regular expression fits.",
        _schema(
            ["pattern"],
            pattern={**_PATTERN, "description": "A regular expression as Python has them."},
            path=_BELOW,
            glob={**_PATTERN, "description": "Only files that this fits, such as *.py."},
            ignore_case=_FLAG,
            literal={**_FLAG, "description": "The pattern is a text, no expression."},
            limit={**_COUNT, "maximum": 2000, "description": "How many lines; 200 if left out."},
        ),
    ),
    "find": (
        "Find files and folders by a glob such as *.csv or src/**/test_*.py.",
        _schema(
            ["pattern"],
            pattern=_PATTERN,
            path=_BELOW,
            limit={**_COUNT, "maximum": 2000, "description": "How many paths; 200 if left out."},
        ),
    ),
    "ls": ("List a folder of the workspace.", _schema([], path=_BELOW)),
}
assert set(_ABOUT) == set(BUILT_IN_TOOLS)


def built_in(
    name: str, room: Room, bundle: Unpacked, variables: Mapping[str, str], limits: Limits
) -> tuple[ToolSpec, Run]:
    """Make a built-in tool for one workspace.

    Args:
        name: One of the seven names.
        room: What the sandbox of ``bash`` shows, without the bundle.
        bundle: The files of the bundle, which ``bash`` can read.
        variables: The environment of ``bash``.
        limits: What a call may take.
    """
    about, schema = _ABOUT[name]
    seconds = limits.seconds if name == "bash" else None
    spec = ToolSpec(name, about, schema, "built_in", timeout_seconds=seconds)
    if name == "bash":
        return spec, partial(_bash, room, bundle, variables, limits)
    folder = Folder(room.workspace)
    works: dict[str, Callable[[dict[str, Any]], str]] = {
        "read": partial(read, folder),
        "ls": partial(ls, folder),
        "find": partial(find, folder),
        "grep": partial(grep, folder),
        "write": partial(write, folder, limits=limits),
        "edit": partial(edit, folder, limits=limits),
    }
    return spec, partial(_on_files, works[name])


async def _on_files(
    work: Callable[[dict[str, Any]], str], arguments: dict[str, Any]
) -> ToolOutcome:
    return ToolOutcome(await off_the_loop(work, arguments))


async def _bash(
    room: Room,
    bundle: Unpacked,
    variables: Mapping[str, str],
    limits: Limits,
    arguments: dict[str, Any],
) -> ToolOutcome:
    room = replace(room, bundle=await bundle.folder())
    seconds = min(arguments.get("timeout", limits.seconds), limits.seconds)
    program = ["/bin/bash", "-c", arguments["command"]]
    done = await run_sandboxed(room, program, replace(limits, seconds=seconds), variables)
    text = done.output.text
    if done.stopped:
        note = f"Stopped: {done.stopped}."
    elif done.code:
        note = f"Exit code {done.code}."
    else:
        return ToolOutcome(text or "[No output.]")
    return ToolOutcome(
        f"{text}{'' if text.endswith(chr(10)) or not text else chr(10)}[{note}]", True
    )
