"""``%dari_frame``: sessions and what is in them as DataFrames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..suggestions import did_you_mean
from .lines import options as opt
from .lines.options import Option
from .lines.parser import Line, LineParser
from .results import shown
from .state import State, assign, variable
from .usage import usage_error

ALL = Option("--all", None, "all sessions, not only the current one")
AGENT = Option("--agent", "AGENT", "all sessions of this agent")
KINDS = ("sessions", "messages", "events", "tool_calls", "costs")
FRAME = LineParser(
    "%dari_frame WHAT [SESSION …] [options]",
    (opt.ASSIGN, opt.META, AGENT, ALL, opt.QUIET),
    does="load sessions, or what is in them, as a DataFrame",
    notes=f"WHAT is one of {', '.join(KINDS)}.",
    example="%dari_frame tool_calls -o calls",
)


def frame(shell: Any, state: State, line: str) -> Any:
    """Load a frame: of the named sessions, those with metadata, or the current one."""
    parsed, words = FRAME.words(line)
    if not words or words[0] not in KINDS:
        hint = did_you_mean(words[0], KINDS) if words else ""
        raise usage_error(
            f"say what to load{hint}: {', '.join(KINDS)}\nusage: {FRAME.usage}",
            code="frame_not_found",
        )
    name = variable(parsed.get(opt.ASSIGN))
    loaded = _loader(words[0])(_source(state, parsed, words), dari=state.dari)
    assign(shell, name, loaded)
    return shown(loaded) if parsed.has(opt.QUIET) or name else loaded


def _loader(kind: str) -> Callable[..., Any]:
    from .. import resources

    loader: Callable[..., Any] = getattr(resources, f"{kind}_frame")
    return loader


def _source(state: State, parsed: Line, words: list[str]) -> Any:
    metadata, agent = opt.pairs(parsed.get(opt.META)), parsed.get(AGENT)
    named = [each for word in words[1:] for each in word.split(",") if each]
    if named:
        return [state.session_or(session_id) for session_id in named]
    if metadata or agent:
        return state.dari.sessions.list(agent=agent, metadata=metadata or None)[::-1]
    if parsed.has(ALL) or (words[0] == "sessions" and state.session is None):
        return None
    return state.session_or(None, f"%dari_frame {words[0]} {{}}")
