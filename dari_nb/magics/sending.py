"""``%dari_send``, ``%%dari_send`` and ``%%dari_agent``: messages with a live answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from ..errors import TimedOutError
from . import options as opt
from .interpolate import interpolate
from .options import Line, LineParser
from .state import State, assign

if TYPE_CHECKING:
    from ..workbench import Turn

SEND = LineParser("%dari_send [options] TEXT", (*opt.SENDING, opt.SESSION))
AGENT = LineParser("%%dari_agent AGENT [options]", opt.SENDING)
FOLLOW = LineParser(
    "%dari_follow [SESSION] [options]", (opt.ASSIGN, opt.BACKGROUND, opt.TIMEOUT, opt.QUIET)
)


def send(shell: Any, state: State, line: str, cell: str | None) -> None:
    """Send a message to the current session; one starts with the current agent if there is none."""
    parsed = SEND.text(line)
    if cell is not None and parsed.text:
        raise UsageError(f"the text belongs into the cell, not on the line: {parsed.text!r}")
    prompt = _prompt(shell, parsed, parsed.text if cell is None else cell)
    deliver(shell, state, parsed, _send(shell, state, parsed, prompt))


def agent(shell: Any, state: State, line: str, cell: str) -> None:
    """Send the cell as the first message of a new session, which becomes the current one."""
    parsed, words = AGENT.words(line)
    if len(words) != 1:
        raise UsageError(f"name one agent\nusage: {AGENT.usage}")
    prompt = _prompt(shell, parsed, cell)
    chosen = state.dari.agents.get(words[0])
    turn = chosen.send(prompt, llm=parsed.get(opt.LLM), **_attached(shell, parsed))
    state.use(chosen, parsed.get(opt.LLM))
    deliver(shell, state, parsed, turn)


def follow(shell: Any, state: State, line: str) -> None:
    """Show the last turn of a session live, again."""
    parsed, words = FOLLOW.words(line)
    if len(words) > 1:
        raise UsageError(f"name one session\nusage: {FOLLOW.usage}")
    session = state.session_or(words[0] if words else None)
    deliver(shell, state, parsed, session.turn())


def deliver(shell: Any, state: State, parsed: Line, turn: Turn) -> None:
    """Show a turn as the options say, and raise when it failed."""
    timeout = opt.seconds(parsed.get(opt.TIMEOUT))
    state.started(turn)
    assign(shell, parsed.get(opt.ASSIGN), turn)
    background = parsed.has(opt.BACKGROUND)
    try:
        if not parsed.has(opt.QUIET):
            turn.follow(timeout, wait=not background)
        elif not background:
            turn.wait(timeout)
    except KeyboardInterrupt:
        stopped = "stopped following"
    except TimedOutError:
        stopped = f"not finished after {timeout:g} s"
    else:
        if not background:
            turn.raise_for_status()
        return
    raise UsageError(
        f"{stopped}; the turn goes on in {turn.session.id}: %dari_follow shows it again"
    )


def _send(shell: Any, state: State, parsed: Line, prompt: str) -> Turn:
    attached = _attached(shell, parsed)
    session_id, llm = parsed.get(opt.SESSION), parsed.get(opt.LLM)
    if session_id or (state.session is not None and llm is None):
        session = state.session_or(session_id)
        if llm is not None:
            raise UsageError("a session keeps its LLM: leave out --llm, or start a new session")
        return session.send(prompt, **attached)
    if state.agent is None:
        names = ", ".join(agent.name for agent in state.dari.agents.list())
        raise UsageError(f"choose an agent first: %dari use NAME (there are: {names})")
    return state.agent.send(prompt, llm=llm or state.llm, **attached)


def _prompt(shell: Any, parsed: Line, text: str) -> str:
    text = text.strip()
    if not text:
        raise UsageError("the message is empty: write a prompt")
    return _filled_in(shell, parsed, text)


def _attached(shell: Any, parsed: Line) -> dict[str, Any]:
    metadata = [_filled_in(shell, parsed, pair) for pair in parsed.get(opt.META)]
    return {
        "files": [_filled_in(shell, parsed, path) for path in parsed.get(opt.FILE)],
        "metadata": opt.pairs(metadata) or None,
    }


def _filled_in(shell: Any, parsed: Line, text: str) -> str:
    return text if parsed.has(opt.RAW) else interpolate(text, shell.user_ns)
