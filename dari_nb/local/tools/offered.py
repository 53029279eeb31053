"""What of a manifest this machine can run, and what is missing for the rest."""

from __future__ import annotations

from collections.abc import Iterator

from ... import descriptors
from ..bundles.archive import Files
from ..bundles.code_first import undeclared_sources
from ..bundles.declared import described_in, is_described
from ..sandbox.bubblewrap import sandbox_trouble
from ..sandbox.runtimes import runtime_trouble
from ..store.records import JsonObject
from .built_in import DEFAULT

_UNDECLARED = (
    "dari.yml has no entry for it in custom_tools. Write one, or publish with dari deploy, which "
    "makes one."
)


def offered_built_ins(manifest: JsonObject) -> list[str]:
    """The built-in tools that sessions of a version have here, in the manifest's order.

    A manifest that names none gets those of the default four that this machine can run.
    """
    named = manifest.get("built_in_tools")
    names = list(dict.fromkeys(DEFAULT if named is None else named))
    return [name for name in names if _missing(name) is None]


def notes_on(manifest: JsonObject, files: Files) -> list[str]:
    """Say what of a manifest this machine cannot run, and what to do about it.

    Its sessions go without. That is no reason to refuse a bundle: a Python function may answer for
    its agent, and another machine may run it.
    """
    named = manifest.get("built_in_tools")
    names = list(dict.fromkeys(DEFAULT if named is None else named))
    entries = manifest.get("custom_tools") or []
    troubles = [
        *((f"built_in_tools: {name!r}", _missing(name)) for name in names),
        *((f"custom_tools: {entry['name']!r}", trouble_of(entry, files)) for entry in entries),
        *((path, _UNDECLARED) for path in undeclared_sources(manifest, files)),
        *_of_machine(manifest),
    ]
    return [f"{place} cannot run here. {trouble}" for place, trouble in troubles if trouble]


def _of_machine(manifest: JsonObject) -> Iterator[tuple[str, str | None]]:
    """What would make a machine of the agent's own, which a local Dari does not have."""
    sandbox = manifest.get("sandbox") or {}
    if packages := (sandbox.get("packages") or {}).get("apt"):
        yield "sandbox.packages", f"Install on this machine what is missing: {', '.join(packages)}."
    if setup := sandbox.get("setup"):
        yield f"sandbox.setup: {setup['script']!r}", "Do by hand what it does, if it is needed."
    if dockerfile := sandbox.get("dockerfile"):
        yield f"sandbox.dockerfile: {dockerfile!r}", "Tools run with the programs of this machine."
    if manifest.get("extensions"):
        yield "extensions", "There is no Pi here that could load them."
    harness = manifest.get("harness")
    if isinstance(harness, dict) and harness["kind"] != "pi":
        yield f"harness: {harness['kind']!r}", "Its turns fail, unless a function answers for it."


def _missing(name: str) -> str | None:
    if name == "bash":
        return sandbox_trouble()
    return None if descriptors.available() else "The file tools need Linux or macOS."


def trouble_of(entry: JsonObject, files: Files) -> str | None:
    """Why a custom tool cannot run here; ``None`` when it can."""
    if not is_described(entry, files):
        return f"Describe it in {described_in(entry)}, or publish it with dari deploy."
    if entry["kind"] != "main":
        return None
    file = str(entry["handler"]).partition(":")[0]
    return runtime_trouble(str(entry["runtime"]), file) or sandbox_trouble()
