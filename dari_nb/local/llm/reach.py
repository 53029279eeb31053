"""Which models can be asked from here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import msgspec

from ..gguf import ModelFile, lacking
from ..network.addresses import is_loopback
from .settings import Llm

State = Literal[
    "answers",
    "does not answer",
    "has a key",
    "has no key",
    "runs",
    "starts when asked",
    "needs xllamacpp",
]

PORTS = {"Ollama": 11434, "LM Studio": 1234, "llama.cpp": 8080, "vLLM": 8000}
"""Where the usual servers of models listen on this machine."""
_SECONDS = 0.3
_SHOWN = 50
"""Models of one server that are named."""


@dataclass(frozen=True)
class LlmState:
    """A model and whether it can be asked.

    Attributes:
        name: The name by which sessions choose it; of one that was only found, the model's.
        model: The model.
        base_url: Where its server is, or its file.
        state: Servers with an address of their own were asked; of a provider it is only known
            whether there is a key, since asking would need the network. A model of this machine
            starts when it is asked, and runs then for a while.
        source: Where it is known from: ``server``, or the program that was found.
        about: What to expect of it, where that is known.
        options: How it answers, such as ``temperature 0, seed 1``, as far as that is set, and
            whether its tools go by a schema.

    >>> with dari.local.LocalDari(llms={"small": {"model": "openai/gpt-5.5"}}) as other:
    ...     [state.name for state in dari.local.reachable_llms(other)]
    ['small']
    """

    name: str
    model: str
    base_url: str
    state: State
    source: str
    about: str = ""
    options: str = ""


def llm_states(
    llms: Mapping[str, Llm],
    *,
    probe: bool = False,
    runs: Callable[[ModelFile], bool] | None = None,
    needs_json_mode: Callable[[Llm], bool] | None = None,
) -> list[LlmState]:
    """Look at named LLMs and, with ``probe``, at the usual ports of this machine.

    ``runs`` tells whether a model of this machine runs; none does when left out.
    ``needs_json_mode`` tells whether a model is bound by a schema where it has tools.

    It takes 0.3 seconds at most for each address, and asks all of them at once.
    """
    found = {f"http://127.0.0.1:{port}/v1": name for name, port in PORTS.items()} if probe else {}
    own = {llm.base_url for llm in llms.values() if llm.settings.base_url is not None}
    models = _asked([*own, *(url for url in found if url not in own)])
    options = {name: _options_text(llm, needs_json_mode) for name, llm in llms.items()}
    states = [_state(name, llm, models, runs, options[name]) for name, llm in llms.items()]
    for url, program in found.items():
        named = {llm.model for llm in llms.values() if llm.base_url == url}
        states += [
            LlmState(model, model, url, "answers", program)
            for model in (models.get(url) or [])[:_SHOWN]
            if model not in named
        ]
    return states


def _state(
    name: str,
    llm: Llm,
    models: Mapping[str, list[str] | None],
    runs: Callable[[ModelFile], bool] | None,
    options: str,
) -> LlmState:
    if llm.file is not None:
        state: State = "needs xllamacpp" if lacking() else "starts when asked"
        if runs is not None and runs(llm.file):
            state = "runs"
        path = str(llm.file.path)
        return LlmState(name, llm.name, path, state, "server", llm.file.about, options)
    if llm.base_url in models:
        answers = models[llm.base_url] is not None
        state = "answers" if answers else "does not answer"
    else:
        has_key = bool(llm.key or os.environ.get(llm.key_name or ""))
        state = "has a key" if has_key else "has no key"
    return LlmState(name, llm.name, llm.base_url, state, "server", options=options)


def _options_text(llm: Llm, needs_json_mode: Callable[[Llm], bool] | None) -> str:
    given = msgspec.to_builtins(llm.settings.options)
    given.pop("system", None)
    if llm.settings.max_output_tokens:
        given["max_tokens"] = llm.settings.max_output_tokens
    texts = {k: f"{v:g}" if isinstance(v, float) else str(v) for k, v in given.items()}
    own = ["own system prompt"] if "system" in llm.own_options else []
    tools = llm.settings.tools
    if needs_json_mode is not None and needs_json_mode(llm):
        own.append("tools by schema")
    elif tools:
        own.append(f"tools {tools}")
    own += ["images"] if llm.settings.images else []
    return ", ".join([*(f"{name} {text}" for name, text in texts.items()), *own])


def _asked(urls: Iterable[str]) -> dict[str, list[str] | None]:
    """The models that each server names, or ``None`` when it does not answer."""
    urls = list(urls)
    if not urls:
        return {}
    with ThreadPoolExecutor(len(urls)) as pool:
        return dict(zip(urls, pool.map(_models, urls), strict=True))


def _models(base_url: str) -> list[str] | None:
    import httpx

    try:
        # Any answer shows that somebody is there; one without the key names no models.
        with httpx.Client(timeout=_SECONDS, trust_env=not is_loopback(base_url)) as client:
            answer = client.get(f"{base_url}/models")
            told = answer.json() if answer.is_success else {}
    except (httpx.HTTPError, ValueError):
        return None
    data = told.get("data") if isinstance(told, dict) else None
    names = (each.get("id") for each in data or () if isinstance(each, dict))
    return [name for name in names if isinstance(name, str)]
