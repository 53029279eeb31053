"""The LLMs at hand: an agent's options, those of the local Dari, those of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import DariError
from ..listing import Listing

if TYPE_CHECKING:
    from ...local import LocalDari
    from ..connection import Link
    from .agent import Agent


_LOCAL = "local Dari"
_ANSWERED_BY = "the local Dari's {}"


@dataclass(frozen=True)
class KnownLlm:
    """An LLM that can be named.

    Attributes:
        name: What sessions, or ``llm=`` when publishing, call it.
        model: The model behind it, as far as that is known.
        where: The address or provider of the model, as far as that is known.
        state: Whether it can be asked, in a few words.
        source: Who knows it: ``agent NAME``, ``local Dari``, or the program that was found.
        options: How it answers, such as ``temperature 0, seed 1``, as far as that is set.

    >>> d.llms(agent)[0].source
    'agent calculator'
    """

    name: str
    model: str
    where: str
    state: str
    source: str
    options: str = ""


def known_llms(link: Link, agent: Agent | None, *, probe: bool) -> Listing[KnownLlm]:
    """Return what is at hand; see :meth:`Dari.llms`."""
    options, others = [*(_options(link, agent) if agent else ())], []
    for own in _local(link.server, probe=probe):
        twin = next((option for option in options if _is_answered_by(option, own)), None)
        if twin is None:
            others.append(own)
        else:
            options[options.index(twin)] = replace(own, source=f"{twin.source}, {own.source}")
    return Listing([*options, *others], _COLUMNS)


def _is_answered_by(option: KnownLlm, own: KnownLlm) -> bool:
    """Whether an agent's option only stands for an LLM of the local Dari of the same name."""
    is_own = own.source == _LOCAL and option.name == own.name
    return is_own and option.state == _ANSWERED_BY.format(own.name)


def _local(server: LocalDari | None, *, probe: bool) -> Iterator[KnownLlm]:
    if server is None and not probe:
        return
    from ...local import reachable_llms
    from ...local.llm.reach import llm_states

    states = reachable_llms(server, probe=probe) if server else llm_states({}, probe=probe)
    for state in states:
        source = _LOCAL if state.source == "server" else state.source
        what = f"{state.state}: {state.about}" if state.about else state.state
        yield KnownLlm(state.name, state.model, state.base_url, what, source, state.options)


def _options(link: Link, agent: Agent) -> Iterator[KnownLlm]:
    source = f"agent {agent.name}"
    try:
        version = agent.version()
        llm = version.manifest.get("llm") or {}
        has_files = bool(version.files())
    except DariError:
        yield from (KnownLlm(name, "", "", "", source) for name in agent.llms)
        return
    options = llm.get("options") or ({str(llm["model"]): llm} if llm.get("model") else {})
    states = _states(link, options, is_function=not has_files)
    for name, option in options.items():
        where = str(option.get("base_url") or option.get("provider") or "")
        yield KnownLlm(str(name), str(option.get("model", "")), where, states[name], source)


def _states(
    link: Link, options: Mapping[str, Mapping[str, Any]], *, is_function: bool
) -> dict[str, str]:
    if link.server is None:
        return dict.fromkeys(options, "asked by the server")
    own = {} if is_function else _with_keys(link, options)
    states = {name: _stand_in(link.server, name, option) for name, option in options.items()}
    otherwise = "a function answers" if is_function else "has no key"
    return {name: own.get(name) or states[name] or otherwise for name in options}


def _stand_in(server: LocalDari, name: str, option: Mapping[str, Any]) -> str:
    """Say which LLM of the local Dari is asked for an option without a key, if one is."""
    own = next((one for one in (name, option.get("model")) if one in server.llms), None)
    return _ANSWERED_BY.format(own) if own else ""


def _with_keys(link: Link, options: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The states of those options that need no key, or have one."""
    from ...local.llm.reach import llm_states
    from ...local.llm.settings import option_llm

    llms = {name: option_llm(dict(option)) for name, option in options.items()}
    keys = {*os.environ, *(each.name for each in link.client.credentials.list())}
    ready = {
        name: llm for name, llm in llms.items() if llm.key_name is None or llm.key_name in keys
    }
    # A key that is stored as a credential is not in the environment, where it looks for one.
    return {s.name: s.state.replace("no key", "a key") for s in llm_states(ready)}


def _place(where: str) -> str:
    """Name a file without its folders."""
    path = Path(where)
    return path.name if path.is_absolute() else where


_COLUMNS = {
    "name": lambda llm: llm.name,
    "model": lambda llm: llm.model,
    "options": lambda llm: llm.options,
    "where": lambda llm: _place(llm.where),
    "state": lambda llm: llm.state,
    "known from": lambda llm: llm.source,
}
