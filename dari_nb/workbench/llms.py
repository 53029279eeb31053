"""The LLMs at hand: an agent's options, those of the local Dari, those of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import DariError
from .listing import Listing

if TYPE_CHECKING:
    from ..local import LocalDari
    from .agent import Agent
    from .dari import Dari


@dataclass(frozen=True)
class KnownLlm:
    """An LLM that can be named.

    Attributes:
        name: What sessions, or ``llm=`` when publishing, call it.
        model: The model behind it, as far as that is known.
        where: The address or provider of the model, as far as that is known.
        state: Whether it can be asked, in a few words.
        source: Who knows it: ``agent NAME``, ``local Dari``, or the program that was found.
    """

    name: str
    model: str
    where: str
    state: str
    source: str


def known_llms(dari: Dari, agent: Agent | None, *, probe: bool) -> Listing[KnownLlm]:
    """Return what is at hand; see :meth:`Dari.llms`."""
    rows = [*(_options(dari, agent) if agent else ()), *_local(dari.server, probe=probe)]
    return Listing(rows, _COLUMNS)


def _local(server: LocalDari | None, *, probe: bool) -> Iterator[KnownLlm]:
    if server is None and not probe:
        return
    from ..local.llm.reach import llm_states

    for state in llm_states(server.llms if server else {}, probe=probe):
        source = "local Dari" if state.source == "server" else state.source
        yield KnownLlm(state.name, state.model, state.base_url, state.state, source)


def _options(dari: Dari, agent: Agent) -> Iterator[KnownLlm]:
    source = f"agent {agent.name}"
    try:
        version = agent.version()
        llm = version.manifest.get("llm") or {}
        has_files = bool(version.files())
    except DariError:
        yield from (KnownLlm(name, "", "", "", source) for name in agent.llms)
        return
    options = llm.get("options") or ({str(llm["model"]): llm} if llm.get("model") else {})
    states = _states(dari, options, is_function=not has_files)
    for name, option in options.items():
        where = str(option.get("base_url") or option.get("provider") or "")
        yield KnownLlm(str(name), str(option.get("model", "")), where, states[name], source)


def _states(
    dari: Dari, options: Mapping[str, Mapping[str, Any]], *, is_function: bool
) -> dict[str, str]:
    if dari.server is None:
        return dict.fromkeys(options, "asked by the server")
    own = {} if is_function else _with_keys(dari, options)
    states = {name: _stand_in(dari.server, name, option) for name, option in options.items()}
    otherwise = "a function answers" if is_function else "has no key"
    return {name: own.get(name) or states[name] or otherwise for name in options}


def _stand_in(server: LocalDari, name: str, option: Mapping[str, Any]) -> str:
    """Say which LLM of the local Dari is asked for an option without a key, if one is."""
    own = next((one for one in (name, option.get("model")) if one in server.llms), None)
    return f"the local Dari's {own}" if own else ""


def _with_keys(dari: Dari, options: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The states of those options that need no key, or have one."""
    from ..local.llm.reach import llm_states
    from ..local.llm.settings import option_llm

    llms = {name: option_llm(dict(option)) for name, option in options.items()}
    keys = {*os.environ, *(each.name for each in dari.client.credentials.list())}
    ready = {
        name: llm for name, llm in llms.items() if llm.key_name is None or llm.key_name in keys
    }
    # A key that is stored as a credential is not in the environment, where it looks for one.
    return {s.name: s.state.replace("no key", "a key") for s in llm_states(ready)}


_COLUMNS = {
    "name": lambda llm: llm.name,
    "model": lambda llm: llm.model,
    "where": lambda llm: llm.where,
    "state": lambda llm: llm.state,
    "known from": lambda llm: llm.source,
}
