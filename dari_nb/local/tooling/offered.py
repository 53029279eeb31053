"""Which of a manifest's tools this machine can run, and what is missing for the others."""

from __future__ import annotations

import logging

from ..bundle import Files
from ..manifest import ManifestError
from ..records import JsonObject
from .built_in import DEFAULT, files_available
from .declared import described_in
from .runtimes import runtime_trouble
from .sandbox import sandbox_trouble

_log = logging.getLogger(__name__)


def offered_built_ins(manifest: JsonObject) -> list[str]:
    """The built-in tools that sessions of a version have here, in the manifest's order.

    A manifest that names none gets those of the default four that this machine can run.
    """
    named = manifest.get("built_in_tools")
    names = list(dict.fromkeys(DEFAULT if named is None else named))
    return [name for name in names if _missing(name) is None]


def check_tools(manifest: JsonObject, files: Files) -> None:
    """Hold that all tools which a manifest names can run here, before it is published.

    The default of a manifest that names no built-in tools is no reason to refuse it: where there is
    no sandbox, its sessions have no ``bash``, and the log says so.

    Raises:
        ManifestError: One cannot; the text says which, and what to install.
    """
    for name in manifest.get("built_in_tools") or []:
        if trouble := _missing(name):
            raise ManifestError(f"dari.yml, built_in_tools: {name!r} cannot run here. {trouble}")
    for place, entry in enumerate(manifest.get("custom_tools") or []):
        if trouble := _trouble(entry, files):
            where = f"dari.yml, custom_tools[{place}]"
            raise ManifestError(f"{where}: {entry['name']!r} cannot run here. {trouble}")
    if manifest.get("built_in_tools") is None and (trouble := _missing("bash")):
        _log.warning("Sessions of %r have no tool bash. %s", manifest.get("name"), trouble)


def _missing(name: str) -> str | None:
    if name == "bash":
        return sandbox_trouble()
    return None if files_available() else "The file tools need Linux or macOS."


def _trouble(entry: JsonObject, files: Files) -> str | None:
    if described_in(entry) not in files:
        return f"Describe it in {described_in(entry)}: what stands in tool.ts alone is not read."
    if entry["kind"] != "main":
        return None
    file = str(entry["handler"]).partition(":")[0]
    return runtime_trouble(str(entry["runtime"]), file) or sandbox_trouble()
