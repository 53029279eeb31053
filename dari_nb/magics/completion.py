"""Tab completion of options, agents, LLM options and session ids on the lines of the magics."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher

from ..errors import DariError
from . import dari, loading
from .catalogue import PARSERS
from .options import Option
from .state import State

_LINE = re.compile(r"^\s*(?:[^\W\d]\w*\s*=\s*)?(%{1,2}dari\w*)\s(.*)$", re.DOTALL)
_OF_ONE_SESSION = ("dari_transcript", "dari_follow", "dari_workspace")
_OF_AN_AGENT = ("dari_agent", "dari_batch", "dari_publish")
_FRESH = 5.0
"""Seconds for which a listing is taken from memory, so that typing does not flood the server."""

Candidates = list[tuple[str, str]]
"""Completions with what is shown beside them."""


class Completion:
    """The matcher of one shell; never raises and never prints."""

    def __init__(self, state: State, names: Mapping[str, Any]) -> None:
        self._state = state
        self._names = names
        self._known: dict[str, tuple[float, Candidates]] = {}

    def matcher(self) -> Any:
        """Return the function that IPython's completer calls."""

        @context_matcher(identifier="dari_nb")  # type: ignore[untyped-decorator]
        def dari_matcher(context: CompletionContext) -> dict[str, Any]:
            line = context.text_until_cursor
            token = "" if line[-1:].isspace() else line.split()[-1] if line else ""
            found = self.candidates(line)
            completions = [
                SimpleCompletion(text=text, type=kind)
                for text, kind in found
                if text.startswith(token)
            ]
            return {
                "completions": completions,
                "matched_fragment": token,
                "suppress": bool(completions),
            }

        return dari_matcher

    def candidates(self, line: str) -> Candidates:
        """Return what may stand at the end of a line that begins with one of the magics."""
        match = _LINE.match(line)
        if match is None:
            return []
        written, rest = match.groups()
        words = rest.split()
        token = "" if not rest or rest[-1].isspace() else words.pop()
        try:
            if written == "%dari_publish" and not token.startswith("-"):
                return _folders(words)
            return self._candidates(written.lstrip("%"), words, token)
        except DariError:
            return []

    def _candidates(self, magic: str, words: list[str], token: str) -> Candidates:
        last = words[-1] if words else ""
        if last == "--llm":
            return self._llms(magic, words)
        if last == "--session":
            return self._sessions()
        if last == "--agent":
            return self._agents()
        if last == "--version":
            return self._versions(words)
        if last == "--tools":
            return self._functions(token)
        if last == "--config":
            return [(str(path), "a configuration") for path in sorted(Path().glob("*.toml"))]
        if token.startswith("-"):
            return [(option.flag, option.help) for option in _options(magic, words)]
        switches = {option.flag for option in _options(magic, words) if option.value is None}
        return [] if last.startswith("-") and last not in switches else self._words(magic, words)

    def _words(self, magic: str, words: list[str]) -> Candidates:
        plain = [word for word in words if not word.startswith("-")]
        if magic == "dari" and not plain:
            return [(name, command.help) for name, command in dari.SUBCOMMANDS.items()]
        if (magic, plain) == ("dari", ["use"]) or (magic in _OF_AN_AGENT and not plain):
            return self._agents()
        if (magic, plain) == ("dari_chat", []):
            return self._agents() + self._sessions()
        if (magic, plain) == ("dari", ["connect"]):
            return [("local", "the embedded Dari")]
        if magic == "dari_frame" and not plain:
            return [(kind, "a DataFrame") for kind in loading.KINDS]
        if magic == "dari_frame" or (magic in _OF_ONE_SESSION and not plain):
            return self._sessions()
        return []

    def _agents(self) -> Candidates:
        return self._fresh("agents", self._list_agents)

    def _list_agents(self) -> Candidates:
        agents = self._state.dari.client.agents.list()
        return [(a.name, "agent") for a in agents] + [(a.id, a.name) for a in agents]

    def _sessions(self) -> Candidates:
        return self._fresh("sessions", self._list_sessions)

    def _list_sessions(self) -> Candidates:
        sessions = self._state.dari.sessions.list()
        return [(s.id, s.name or s.agent_name) for s in reversed(sessions)]

    def _llms(self, magic: str, words: list[str]) -> Candidates:
        if magic == "dari_publish":
            server = self._state.dari.server
            return [
                (name, llm.settings.model) for name, llm in (server.llms if server else {}).items()
            ]
        plain = [word for word in words if not word.startswith("-")]
        starts = magic in ("dari_agent", "dari_batch")
        named = plain[1:2] if magic == "dari" else plain[:1] if starts else []
        if named:
            return [(llm, named[0]) for llm in self._state.dari.agents.get(named[0]).llms]
        agent = self._state.agent
        return [(llm, agent.name) for llm in agent.llms] if agent else []

    def _versions(self, words: list[str]) -> Candidates:
        named = next((word for word in words if not word.startswith("-")), None)
        agent = self._state.dari.agents.get(named) if named else self._state.agent
        versions = agent.versions() if agent else []
        return [(v.id, "active" if v.is_active else v.resource.created_at or "") for v in versions]

    def _functions(self, token: str) -> Candidates:
        """Functions of the notebook, behind those that stand there already."""
        before = token.rpartition(",")[0]
        start = f"{before}," if before else ""
        return [
            (f"{start}{name}", "a function")
            for name, value in self._names.items()
            if not name.startswith("_") and _can_be_tool(value)
        ]

    def _fresh(self, what: str, ask: Callable[[], Candidates]) -> Candidates:
        asked, known = self._known.get(what, (-_FRESH, []))
        if time.monotonic() - asked > _FRESH:
            known = ask()
            self._known[what] = (time.monotonic(), known)
        return known


def _can_be_tool(value: Any) -> bool:
    # Tools are objects that wrap functions; classes and IPython's own helpers are none.
    module = getattr(value, "__module__", "") or ""
    is_plain = callable(value) and not isinstance(value, type)
    return is_plain and not module.startswith(("IPython", "ipykernel"))


def _folders(words: list[str]) -> Candidates:
    if any(not word.startswith("-") for word in words):
        return []
    return [(str(path.parent), "an agent") for path in sorted(Path().glob("*/dari.yml"))]


def _options(magic: str, words: list[str]) -> tuple[Option, ...]:
    if magic == "dari" and words and words[0] in dari.SUBCOMMANDS:
        return tuple(dari.SUBCOMMANDS[words[0]].parser.options)
    return tuple(PARSERS[magic].options) if magic in PARSERS else ()
