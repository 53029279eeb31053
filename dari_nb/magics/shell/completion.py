"""Tab completion on the lines and in the cells of the magics: what fits there, or nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher

from ...completing import Candidates, Listings
from ...ids import is_agent_id
from .. import loading
from ..catalogue import COMMANDS, PARSERS, TOPICS
from ..lines.names import names_of_people
from ..lines.options import Option
from ..reference import names_below
from ..state import State

if TYPE_CHECKING:
    from ...resources import Dari

_LINE = re.compile(r"^\s*(?:[^\W\d][\w.]*\s*=\s*)?(%{1,2})(dari\w*)\s(.*)$", re.DOTALL)
_CELL = re.compile(r"%%(dari_\w+)")
_OPEN = re.compile(r"\{(?:([^\W\d]\w*)\.)?([^\W\d]\w*)?$")
_OF_SESSIONS = ("dari_transcript", "dari_follow", "dari_cancel", "dari_workspace", "dari_frame")
_OF_AN_AGENT = ("dari_agent", "dari_batch", "dari_publish")
_TASKS = (".csv", ".jsonl")
_SINCE = [
    *((day, "since then") for day in ("today", "yesterday", "monday")),
    *(("1d", "one day"), ("7d", "seven days")),
]


class Completion:
    """The matcher of one shell; never raises and never prints."""

    def __init__(self, state: State, names: Mapping[str, Any]) -> None:
        self._state = state
        self._names = names
        self._listings = Listings(lambda: state.dari)

    def matcher(self) -> Any:
        """Return the function that IPython's completer calls."""

        @context_matcher(identifier="dari_nb")  # type: ignore[untyped-decorator]
        def dari_matcher(context: CompletionContext) -> dict[str, Any]:
            lines = context.full_text.split("\n")[: context.cursor_line]
            offered = self._offered([*lines, context.text_until_cursor])
            if offered is None:
                return {"completions": []}
            fragment, candidates = offered
            fitting = [
                SimpleCompletion(text=text, type=kind)
                for text, kind in candidates
                if text.startswith(fragment)
            ]
            return {
                "completions": _Alone(fitting),
                "matched_fragment": fragment,
                "suppress": True,
            }

        return dari_matcher

    def _offered(self, lines: Sequence[str]) -> tuple[str, Candidates] | None:
        """Return what is written of a word, and what it may become; ``None`` on other lines."""
        line, cell = lines[-1], _CELL.match(lines[0])
        if len(lines) > 1 and cell and cell[1] in PARSERS:
            return self._in_braces(line) or ("", [])
        match = _LINE.match(line)
        if match is None or match[2] not in ("dari", *PARSERS):
            return None
        sign, magic, rest = match.groups()
        in_braces = self._in_braces(rest)
        if in_braces is not None:
            return in_braces
        words = rest.split()
        token = "" if not rest or rest[-1].isspace() else words.pop()
        found = self._candidates(sign, magic, words, token)
        return token, found if is_agent_id(token) else [c for c in found if not is_agent_id(c[0])]

    def _in_braces(self, text: str) -> tuple[str, Candidates] | None:
        match = _OPEN.search(text)
        if match is None:
            return None
        owner, begun = match.groups()
        if owner is None:
            return begun or "", [(name, "variable") for name in names_of_people(self._names)]
        value = self._names.get(owner)
        known = [] if owner not in self._names else dir(value)
        return begun or "", [(name, "attribute") for name in known if not name.startswith("_")]

    def _candidates(self, sign: str, magic: str, words: list[str], token: str) -> Candidates:
        options = _options(magic, words)
        plain, open_option = _read(words, options)
        if open_option is not None:
            return self._values(magic, plain, open_option, token)
        is_text = (magic == "dari_send" and plain) or (magic == "dari_agent" and len(plain) > 1)
        if is_text:
            return []
        if token.startswith("-"):
            return [(option.flag, option.help) for option in options]
        if magic == "dari":
            return self._words_of_dari(plain, token)
        if magic == "dari_publish" and sign == "%":
            return [] if plain else _folders()
        return self._words(magic, plain)

    def _words_of_dari(self, plain: list[str], token: str) -> Candidates:
        if not plain:
            return [(name, command.help) for name, command in COMMANDS.items()]
        if plain == ["use"]:
            return self._agents()
        if plain == ["connect"]:
            return [("local", "the embedded Dari")]
        if plain == ["help"]:
            return [(topic, "topic") for topic in (*TOPICS, *names_below(token))]
        return []

    def _words(self, magic: str, plain: list[str]) -> Candidates:
        if magic == "dari_frame" and not plain:
            return [(kind, "frame") for kind in loading.KINDS]
        if magic == "dari_frame" or (magic in _OF_SESSIONS and not plain):
            return self._sessions()
        if magic == "dari_chat" and not plain:
            return self._agents() + self._sessions()
        return self._agents() if magic in _OF_AN_AGENT and not plain else []

    def _values(self, magic: str, plain: list[str], option: Option, token: str) -> Candidates:
        """Return values of an option, behind those that stand there already."""
        before = token.rpartition(",")[0] if option.many else ""
        start = f"{before}," if before else ""
        return [(f"{start}{v}", kind) for v, kind in self._each_value(magic, plain, option, token)]

    def _each_value(self, magic: str, plain: list[str], option: Option, token: str) -> Candidates:
        begun = token.rpartition(",")[2] if option.many else token
        values: dict[str, Callable[[], Candidates]] = {
            "llm": lambda: self._llms(magic, plain),
            "session": self._sessions,
            "agent": self._agents,
            "version": lambda: self._versions(plain),
            "tools": self._functions,
            "approve": lambda: [("ask", "you"), ("always", "nobody"), *self._functions()],
            "tasks": lambda: [*self._tables(), *_paths(begun, _TASKS)],
            "config": lambda: _paths(begun, (".toml",)),
            "file": lambda: _paths(begun),
            "path": lambda: _paths(begun),
            "since": lambda: _SINCE,
            "key-env": lambda: [(name, "variable") for name in os.environ if "KEY" in name],
        }
        return values[option.name]() if option.name in values else []

    def _agents(self) -> Candidates:
        def ask(dari: Dari) -> Candidates:
            agents = dari.client.agents.list()
            return [(a.name, "agent") for a in agents] + [(a.id, a.name) for a in agents]

        return self._listings.find(lambda: "agents", ask)

    def _sessions(self) -> Candidates:
        def ask(dari: Dari) -> Candidates:
            return [(s.id, s.name or s.agent_name) for s in dari.sessions.list()]

        return self._listings.find(lambda: "sessions", ask)

    def _llms(self, magic: str, plain: list[str]) -> Candidates:
        named = plain[1:2] if magic == "dari" else plain[:1] if magic in _OF_AN_AGENT else []

        def ask(dari: Dari) -> Candidates:
            if magic == "dari_publish":
                llms = dari.server.llms if dari.server else {}
                return [(name, llm.name) for name, llm in llms.items()]
            agent = dari.agents.get(named[0]) if named else self._state.agent
            return [(llm, agent.name) for llm in agent.llms] if agent else []

        def what() -> str:
            current = self._state.agent
            return f"LLMs {magic} {named or (current and current.id)}"

        return self._listings.find(what, ask)

    def _versions(self, plain: list[str]) -> Candidates:
        def ask(dari: Dari) -> Candidates:
            agent = dari.agents.get(plain[0]) if plain else self._state.agent
            versions = agent.versions() if agent else []
            return [
                (v.id, "active" if v.is_active else v.resource.created_at or "") for v in versions
            ]

        def what() -> str:
            current = self._state.agent
            return f"versions {plain[:1] or (current and current.id)}"

        return self._listings.find(what, ask)

    def _functions(self) -> Candidates:
        return [
            (name, "function")
            for name in names_of_people(self._names)
            if _can_be_tool(self._names[name])
        ]

    def _tables(self) -> Candidates:
        return [
            (name, type(self._names[name]).__name__)
            for name in names_of_people(self._names)
            if isinstance(self._names[name], list) or hasattr(self._names[name], "columns")
        ]


class _Alone(list[SimpleCompletion]):
    """Completions beside which IPython offers no others, such as builtins, even when it is empty.

    IPython lets only a matcher that has some speak alone, and goes by the length.
    """

    def __len__(self) -> int:
        return max(1, super().__len__())


def _read(words: Iterable[str], options: Iterable[Option]) -> tuple[list[str], Option | None]:
    """Return the words that belong to no option, and the option whose value comes next, if any."""
    by_flag = {o.flag: o for o in options} | {o.short: o for o in options if o.short}
    plain: list[str] = []
    waiting: Option | None = None
    for word in words:
        option = by_flag.get(word)
        if option is not None:
            waiting = option if option.value is not None else None
        elif waiting is None:
            plain.append(word)
        elif not (waiting.many and word.endswith(",")):
            waiting = None
    return plain, waiting


def _can_be_tool(value: Any) -> bool:
    # Tools are objects that wrap functions; classes and IPython's own helpers are none.
    module = getattr(value, "__module__", "") or ""
    is_plain = callable(value) and not isinstance(value, type)
    return is_plain and not module.startswith(("IPython", "ipykernel"))


def _folders() -> Candidates:
    return [(str(path.parent), "agent") for path in sorted(Path().glob("*/dari.yml"))]


def _paths(begun: str, endings: tuple[str, ...] = ()) -> Candidates:
    """Return files and folders that a path may become."""
    folder, _, name = begun.rpartition("/")
    place = Path(f"{folder}/" if folder or begun.startswith("/") else ".").expanduser()
    start = begun[: len(begun) - len(name)]
    found: Candidates = []
    for path in sorted(place.iterdir()) if place.is_dir() else []:
        if path.is_dir():
            found.append((f"{start}{path.name}/", "folder"))
        elif not endings or path.suffix in endings:
            found.append((f"{start}{path.name}", "file"))
    return found


def _options(magic: str, words: list[str]) -> tuple[Option, ...]:
    if magic == "dari" and words and words[0] in COMMANDS:
        return tuple(COMMANDS[words[0]].parser.options)
    return tuple(PARSERS[magic].options) if magic in PARSERS else ()
