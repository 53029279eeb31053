"""The tools of one session, and the running of their calls."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..agents.tools import Run, ToolOutcome, ToolSpec, ToolTrouble
from ..bundles.archive import Files
from ..bundles.declared import declared_tools
from ..json_schema.schemas import checked, flaw_of
from ..sandbox.bubblewrap import Room
from ..sandbox.limits import Limits
from ..store.records import JsonObject
from .built_in import built_in
from .custom import CustomTool
from .offered import offered_built_ins, trouble_of
from .unpacked import Unpacked

_log = logging.getLogger(__name__)
_BUNDLE_ROOT = "DARI_SOURCE_BUNDLE_ROOT"
"""The variable by which handlers find their bundle."""


class Toolbox:
    """The tools that an agent has in one session.

    Args:
        tools: Each tool with what runs it, or ``None`` for those that the caller runs.

    Attributes:
        specs: The tools in the order in which a model is told of them.
    """

    def __init__(self, tools: Iterable[tuple[ToolSpec, Run | None]] = ()) -> None:
        tools = list(tools)
        self.specs = [spec for spec, _ in tools]
        self._runs: Mapping[str, tuple[ToolSpec, Run | None]] = {
            spec.name: (spec, run) for spec, run in tools
        }

    async def run(self, name: str, arguments: dict[str, Any]) -> ToolOutcome:
        """Run a built-in or a main tool; whatever goes wrong is in the outcome.

        Args:
            name: The tool.
            arguments: What the model gave; held to the tool's input schema first.
        """
        if name not in self._runs:
            known = ", ".join(self._runs) or "none"
            return ToolOutcome(f"There is no tool {name!r}. The tools are: {known}.", True)
        spec, run = self._runs[name]
        if run is None:
            return ToolOutcome(f"The tool {name!r} is run by the caller, not here.", True)
        if flaw := await checked(flaw_of, arguments, spec.input_schema):
            return ToolOutcome(f"The arguments do not fit the tool's schema: {flaw}", True)
        try:
            return await run(arguments)
        except ToolTrouble as trouble:
            return ToolOutcome(str(trouble), True)
        except Exception:  # noqa: BLE001
            # A fault of the server's own: the model learns that, the log learns what.
            _log.exception("The tool %s failed", name)
            return ToolOutcome(f"The tool {name!r} failed inside the server.", True)


def toolbox_of(
    manifest: JsonObject,
    files: Files,
    workspace: Path,
    *,
    internet_access: bool = False,
    secrets: Mapping[str, str] | None = None,
    limits: Limits | None = None,
) -> Toolbox:
    """Make the tools that a session of a published version has.

    Args:
        manifest: The version's manifest.
        files: The files of its bundle.
        workspace: The session's folder; the agent sees it as ``/workspace``.
        internet_access: Whether what runs in the sandbox reaches the network.
        secrets: Values of the session's secrets; only those that ``sandbox.secrets`` names reach
            the sandbox, beside the variables of ``sandbox.env``.
        limits: What the tools may take.
    """
    room = Room(workspace=workspace, network=internet_access)
    variables = _variables(manifest, secrets or {})
    return Toolbox(_tools(manifest, files, room, variables, limits or Limits()))


def _tools(
    manifest: JsonObject, files: Files, room: Room, variables: Mapping[str, str], limits: Limits
) -> Iterator[tuple[ToolSpec, Run | None]]:
    bundle = Unpacked(files)
    for name in offered_built_ins(manifest):
        yield built_in(name, room, bundle, variables, limits)
    for entry, spec in declared_tools(manifest, files):
        if spec.kind == "external":
            yield spec, None
        elif trouble_of(entry, files) is None:
            yield spec, CustomTool(spec, entry, files, bundle, room, variables, limits)


def _variables(manifest: JsonObject, secrets: Mapping[str, str]) -> dict[str, str]:
    sandbox = manifest.get("sandbox") or {}
    named = {name: secrets[name] for name in sandbox.get("secrets") or [] if name in secrets}
    return {_BUNDLE_ROOT: "/bundle", **(sandbox.get("env") or {}), **named}
