"""A prompt, its LLMs and its tools as the bundle of an agent (contract, section 15)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..client import Bundle
from ..errors import InvalidRequestError
from .front_matter import check_manifest
from .tools.tool import Given, as_tools
from .version_diff import MANIFEST, written

if TYPE_CHECKING:
    from ..local import LocalDari
    from ..local.llm import Llm

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
    if not isinstance(name, str) or not name.strip():
        raise InvalidRequestError("An agent needs a name.")
    if not isinstance(prompt, str) or not prompt.strip():
        raise InvalidRequestError("The system prompt is empty.")
    given = dict(manifest or {})
    check_manifest(given)
    if llm is not None and "llm" in given:
        raise InvalidRequestError("The LLM is given twice: with llm, and in the manifest.")
    skills = [_skill(entry) for entry in given.pop("skills", ())]
    kernel_tools = list(as_tools(tools).values())
    custom = [*given.pop("custom_tools", ()), *(_external(tool.name) for tool in kernel_tools)]
    model = given.pop("llm", None) if llm is None else _llm(llm, server)
    if model is None and not isinstance(given.get("harness"), Mapping):
        model = _llm(list(server.llms) if server else [], server)
    whole = {
        "name": name,
        "harness": given.pop("harness", "pi"),
        "instructions": {"system": PROMPT},
        "llm": model,
        **given,
        "custom_tools": custom,
        "skills": skills,
    }
    files = {
        MANIFEST: written({key: value for key, value in whole.items() if value not in (None, [])}),
        PROMPT: f"{prompt.strip()}\n".encode(),
    }
    for tool in kernel_tools:
        files |= _tool_files(tool.spec())
    return Bundle.from_files(files, folder=folder, places=_places(whole, set(files)))


def _llm(given: Llms, server: LocalDari | None) -> dict[str, Any]:
    if isinstance(given, Mapping):
        check_manifest({"llm": given})
        return dict(given)
    names = [given] if isinstance(given, str) else list(given)
    own = server.llms if server else {}
    if not names:
        raise InvalidRequestError(
            "Which LLM? Name one, such as openai/gpt-5.5, or give llm in the manifest."
        )
    if len(names) == 1 and names[0] not in own:
        return {"model": names[0]}
    options = {_option_name(n, own): _own(n, own[n]) if n in own else {"model": n} for n in names}
    return {"default": next(iter(options)), "options": options}


def _option_name(name: str, own: Mapping[str, Llm]) -> str:
    return name if name in own else name.rpartition("/")[2]


def _own(name: str, llm: Llm) -> dict[str, Any]:
    """A server's LLM as an option that says where it is.

    Where only the server can ask it, for a key that it keeps or limits that a manifest has no
    words for, the option names a key that nobody has: then the server takes its own of that name.
    """
    from ..local.llm.settings import LlmSettings

    known = ("model", "provider", "base_url", "api_key_secret")
    told = {key: getattr(llm.settings, key) for key in known}
    option = {key: value for key, value in told.items() if value is not None}
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
    for entry in (*manifest["custom_tools"], *manifest["skills"]):
        path = entry.get("path") if isinstance(entry, Mapping) else None
        folder = str(path or "").removesuffix("/tool.yml").rstrip("/")
        if folder and f"{folder}/tool.yml" not in made:
            yield folder
    sandbox = manifest.get("sandbox")
    if isinstance(sandbox, Mapping):
        setup = sandbox.get("setup")
        script = setup.get("script") if isinstance(setup, Mapping) else None
        yield from (str(path) for path in (sandbox.get("dockerfile"), script) if path)
