"""The skills of a bundle: listed in the system prompt, and read when the model wants them."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from ..agents.tools import ToolOutcome, ToolSpec
from ..bundles.archive import Files
from ..bundles.manifest import parse_yaml
from ..store.records import JsonObject
from ..tools import Toolbox

_FRONT_MATTER = re.compile(rb"\A---\r?\n(.*?)\r?\n---\s*(?:\r?\n|\Z)", re.DOTALL)
_NAME = "read_skill"
_HEAD = f"""\
# Skills

Each of these holds instructions for one kind of task. Before you begin such a task, read its \
skill with {_NAME}.
"""


def skills_text(manifest: JsonObject, files: Files) -> str:
    """What the system prompt says of a version's skills; empty without any."""
    lines = [f"- {skill['name']}: {_about(skill, files)}" for skill in manifest.get("skills") or []]
    return "\n".join([_HEAD, *lines]) if lines else ""


def with_skills(toolbox: Toolbox, manifest: JsonObject, files: Files) -> Toolbox:
    """Put a tool that reads skills into a toolbox, when the version has any.

    A tool of the version's own that has the same name stays, and stands for this one.
    """
    skills = {str(skill["name"]): str(skill["path"]) for skill in manifest.get("skills") or []}
    if not skills or any(spec.name == _NAME for spec in toolbox.specs):
        return toolbox

    async def read(arguments: dict[str, Any]) -> ToolOutcome:
        return _read(skills, files, **arguments)

    own = [
        (spec, None if spec.kind == "external" else partial(toolbox.run, spec.name))
        for spec in toolbox.specs
    ]
    return Toolbox([*own, (_spec(sorted(skills)), read)])


def _spec(names: list[str]) -> ToolSpec:
    properties = {
        "skill": {"type": "string", "enum": names},
        "file": {"type": "string", "description": "A file of the skill; SKILL.md by default."},
    }
    return ToolSpec(
        name=_NAME,
        description="Read the instructions of a skill, or another file in the skill's folder.",
        input_schema={
            "type": "object",
            "properties": properties,
            "required": ["skill"],
            "additionalProperties": False,
        },
        kind="built_in",
    )


def _read(skills: dict[str, str], files: Files, skill: str, file: str = "SKILL.md") -> ToolOutcome:
    folder = skills[skill].rstrip("/")
    # Bundles hold plain paths only, so that a name that leads elsewhere is no file of the skill.
    content = files.get(f"{folder}/{file}")
    if content is None:
        own = sorted(p.removeprefix(f"{folder}/") for p in files if p.startswith(f"{folder}/"))
        return ToolOutcome(f"The skill has no file {file!r}. It has: {', '.join(own)}.", True)
    return ToolOutcome(content.decode("utf-8", "replace"))


def _about(skill: JsonObject, files: Files) -> str:
    path = f"{str(skill['path']).rstrip('/')}/SKILL.md"
    match = _FRONT_MATTER.match(files[path])
    assert match is not None
    return " ".join(str(parse_yaml(match[1], path)["description"]).split())
