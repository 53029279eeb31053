"""Which of a manifest's tools this machine can run, and what is missing for the others."""

from __future__ import annotations

from ..bundle import Files
from ..records import JsonObject
from .built_in import DEFAULT, files_available
from .declared import described_in
from .runtimes import runtime_trouble
from .sandbox import sandbox_trouble


def offered_built_ins(manifest: JsonObject) -> list[str]:
    """The built-in tools that sessions of a version have here, in the manifest's order.

    A manifest that names none gets those of the default four that this machine can run.
    """
    named = manifest.get("built_in_tools")
    names = list(dict.fromkeys(DEFAULT if named is None else named))
    return [name for name in names if _missing(name) is None]


def tool_notes(manifest: JsonObject, files: Files) -> list[str]:
    """Say which tools of a manifest this machine cannot run, and what to install.

    Its sessions do not have them. That is no reason to refuse a bundle: a Python function may
    answer for its agent, and another machine may run it.
    """
    named = manifest.get("built_in_tools")
    names = list(dict.fromkeys(DEFAULT if named is None else named))
    entries = manifest.get("custom_tools") or []
    troubles = [
        *((f"built_in_tools: {name!r}", _missing(name)) for name in names),
        *((f"custom_tools: {entry['name']!r}", trouble_of(entry, files)) for entry in entries),
    ]
    return [f"{place} cannot run here. {trouble}" for place, trouble in troubles if trouble]


def _missing(name: str) -> str | None:
    if name == "bash":
        return sandbox_trouble()
    return None if files_available() else "The file tools need Linux or macOS."


def trouble_of(entry: JsonObject, files: Files) -> str | None:
    """Why a custom tool cannot run here; ``None`` when it can."""
    if described_in(entry) not in files:
        return f"Describe it in {described_in(entry)}: what stands in tool.ts alone is not read."
    if entry["kind"] != "main":
        return None
    file = str(entry["handler"]).partition(":")[0]
    return runtime_trouble(str(entry["runtime"]), file) or sandbox_trouble()
