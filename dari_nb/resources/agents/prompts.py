"""A prompt, its LLMs and its tools as the bundle of an agent (contract, section 15)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...bundles import Bundle
from ...errors import InvalidRequestError
from ..tools.tool import Given, as_tools
from .front_matter import check_manifest
from .local_models import check_llm, nameable_llms
from .version_diff import MANIFEST, written

if TYPE_CHECKING:
    from ...local import LocalDari
    from ...local.llm import Llm

PROMPT = "prompts/system.md"

Llms = str | Iterable[str] | Mapping[str, Any]
"""LLMs as they are given with a prompt: names, or what a manifest says of them."""


def prompt_bundle(
    name: str,
    prompt: str,
    *,
    llm: Llms | None = None,
    tools: Given = (),
    manifest: Mapping[str, Any] | None = None,
    folder: str | Path = ".",
    server: LocalDari | None = None,
) -> Bundle:
    """Make the bundle; see :meth:`Agents.publish_prompt`.

    Args:
        name: The agent's name.
        prompt: The system prompt.
        llm: Its LLMs.
        tools: Functions that become external tools.
        manifest: Further keys of ``dari.yml``.
        folder: Where the files lie that those keys name.
        server: The local Dari, whose LLMs can be named.

    Raises:
        InvalidRequestError: Something cannot be right, or a file is missing.
    """
    _check_texts(name, prompt)
    given = _plain(manifest or {})
    check_manifest(given)
    kernel_tools = list(as_tools(tools).values())
    custom = [*given.pop("custom_tools", ()), *(_external(tool.name) for tool in kernel_tools)]
    skills = [_skill(entry) for entry in given.pop("skills", ())]
    whole = {
        "name": name,
        "harness": given.get("harness", "pi"),
        "instructions": {"system": PROMPT},
        **_chosen(llm, given, server),
        **given,
        **({"custom_tools": custom} if custom else {}),
        **({"skills": skills} if skills else {}),
    }
    files = {MANIFEST: written(whole), PROMPT: f"{prompt.strip()}\n".encode()}
    for tool in kernel_tools:
        files |= _tool_files(tool.spec())
    return Bundle.from_files(files, folder=folder, places=_places(whole, set(files)))


def answering_note(tools: Given) -> list[str]:
    """Say, if there are tools, that somebody has to answer for them."""
    names = ",".join(as_tools(tools))
    words = f"Whoever sends messages answers for the tools: %dari_send --tools {names}, or tools=."
    return [words] if names else []


def _check_texts(name: str, prompt: str) -> None:
    if not isinstance(name, str) or not name.strip():
        raise InvalidRequestError("An agent needs a name.", code="missing_name")
    if not isinstance(prompt, str) or not prompt.strip():
        raise InvalidRequestError("The system prompt is empty.", code="missing_prompt")


def _plain(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Copy what JSON can hold; in YAML the same object twice would become an alias."""
    try:
        plain: dict[str, Any] = json.loads(json.dumps(dict(manifest)))
    except (TypeError, ValueError) as error:
        raise InvalidRequestError(
            f"The manifest has a value that no JSON can be: {error}", code="invalid_manifest"
        ) from None
    return plain


def _chosen(llm: Llms | None, given: Mapping[str, Any], server: LocalDari | None) -> dict[str, Any]:
    """The entry ``llm`` of a manifest, unless it is among the given keys or not needed."""
    if llm is None and ("llm" in given or isinstance(given.get("harness"), Mapping)):
        return {}
    if "llm" in given:
        raise InvalidRequestError(
            "The LLM is given twice: with llm, and in the manifest.", code="conflicting_arguments"
        )
    return {"llm": _llm(list(server.llms) if llm is None and server else llm or (), server)}


def _llm(given: Llms, server: LocalDari | None) -> dict[str, Any]:
    if isinstance(given, Mapping):
        check_manifest({"llm": given})
        return _plain(given)
    names = [given] if isinstance(given, str) else list(given)
    own = server.llms if server else {}
    if not names:
        raise InvalidRequestError(
            f"Which LLM? {nameable_llms(server)}; or give llm in the manifest.", code="missing_llm"
        )
    for name in names:
        check_llm(name, server)
    if len(names) == 1 and names[0] not in own:
        return {"model": names[0]}
    short = [name if name in own else name.rpartition("/")[2] for name in names]
    labels = short if len(set(short)) == len(set(names)) else names
    options = {
        label: _own(name, own[name]) if name in own else {"model": name}
        for label, name in zip(labels, names, strict=True)
    }
    return {"default": labels[0], "options": options}


def _own(name: str, llm: Llm) -> dict[str, Any]:
    """A server's LLM as an option that says where it is.

    Where only the server can ask it, for a key that it keeps or limits that a manifest has no
    words for, the option names a key that nobody has: then the server takes its own of that name.
    """
    from ...local.llm.settings import LlmSettings

    known = ("provider", "base_url", "api_key_secret")
    told = {key: getattr(llm.settings, key) for key in known}
    option = {"model": llm.name} | {k: value for k, value in told.items() if value is not None}
    if llm.key is not None or llm.settings != LlmSettings(**option):
        option["api_key_secret"] = f"{re.sub(r'[^A-Z0-9]', '_', name.upper())}_LLM_KEY"
    return option


def _skill(entry: Any) -> Any:
    """A skill by its name alone lies in the folder of that name."""
    return {"name": entry, "path": f"skills/{entry}"} if isinstance(entry, str) else entry


def _external(name: str) -> dict[str, str]:
    return {"name": name, "path": f"tools/{name}", "kind": "external"}


def _tool_files(spec: dict[str, Any]) -> dict[str, bytes]:
    folder = f"tools/{spec['name']}"
    about = {
        "name": spec["name"],
        "description": spec["description"],
        "input_schema": "input.json",
    }
    schema = json.dumps(spec["input_schema"], indent=2, ensure_ascii=False, default=str)
    return {f"{folder}/tool.yml": written(about), f"{folder}/input.json": f"{schema}\n".encode()}


def _places(manifest: Mapping[str, Any], made: set[str]) -> Iterator[str]:
    """The files and folders that a manifest names, without those that are made here."""
    for entry in (*manifest.get("custom_tools", ()), *manifest.get("skills", ())):
        path = entry.get("path") if isinstance(entry, Mapping) else None
        folder = str(path or "").removesuffix("/tool.yml").rstrip("/")
        if folder and f"{folder}/tool.yml" not in made:
            yield folder
    sandbox = manifest.get("sandbox")
    if isinstance(sandbox, Mapping):
        setup = sandbox.get("setup")
        script = setup.get("script") if isinstance(setup, Mapping) else None
        yield from (str(path) for path in (sandbox.get("dockerfile"), script) if path)
