"""``%dari_chat``: a chat in a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..ids import is_session_id
from .lines import options as opt
from .lines.options import Option
from .lines.parser import LineParser
from .state import State, assign, variable
from .tools import kernel_tools
from .usage import usage_error

if TYPE_CHECKING:
    from ..resources.display.reading.chat import Chat

NEW = Option("--new", None, "a new session with the current agent")
CHAT = LineParser(
    "%dari_chat [AGENT|SESSION] [options]",
    (opt.ASSIGN, NEW, *opt.KERNEL_TOOLS),
    does="chat in the cell",
    example="%dari_chat calculator",
)


def chat(shell: Any, state: State, line: str) -> Chat:
    """Chat with an agent, in a named session, or go on with the current one."""
    parsed, words = CHAT.words(line)
    if len(words) > 1:
        raise usage_error(f"name one agent or session\nusage: {CHAT.usage}", code="missing_agent")
    name = variable(parsed.get(opt.ASSIGN))
    tools = kernel_tools(shell, parsed)
    made = _chat(state, words[0] if words else None, tools, new=parsed.has(NEW))
    assign(shell, name, made)
    return made


def _chat(state: State, named: str | None, tools: dict[str, Any], *, new: bool) -> Chat:
    if named is not None and is_session_id(named):
        return state.session_or(named).chat(**tools)
    if named is not None:
        agent = state.dari.agents.get(named)
        state.use(agent, None)
        return agent.chat(**tools)
    if state.session is not None and not new:
        return state.session.chat(**tools)
    if state.agent is None:
        raise usage_error(
            "choose an agent first: %dari_chat NAME, or %dari use NAME", code="missing_agent"
        )
    return state.agent.chat(**tools)
