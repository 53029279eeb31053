"""``%dari_send``, ``%%dari_send`` and ``%%dari_agent``: messages with a live answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from ..errors import TimedOutError
from . import options as opt
from .interpolate import interpolate
from .options import Line, LineParser
from .state import State, assign, variable

if TYPE_CHECKING:
    from ..workbench import Turn

Fill = Callable[[str], str]

SEND = LineParser("%dari_send [options] TEXT", (*opt.SENDING, opt.SESSION))
AGENT = LineParser("%%dari_agent AGENT [options]", (*opt.SENDING, opt.VERSION))
FOLLOW = LineParser(
    "%dari_follow [SESSION] [options]",
    (opt.ASSIGN, opt.BACKGROUND, opt.TIMEOUT, *opt.KERNEL_TOOLS, opt.QUIET),
)


def send(shell: Any, state: State, line: str, cell: str | None) -> None:
    """Send a message to the current session; one starts with the current agent if there is none."""
    parsed = SEND.text(line)
    if cell is not None and parsed.text:
        raise UsageError(f"the text belongs into the cell, not on the line: {parsed.text!r}")
    show = _Showing(shell, state, parsed)
    fill = _filling(shell, parsed)
    prompt = _prompt(parsed.text if cell is None else cell, fill)
    show(_send(state, parsed, prompt, _attached(shell, parsed, fill)))


def agent(shell: Any, state: State, line: str, cell: str) -> None:
    """Send the cell as the first message of a new session, which becomes the current one."""
    parsed, words = AGENT.words(line)
    if len(words) != 1:
        raise UsageError(f"name one agent\nusage: {AGENT.usage}")
    show = _Showing(shell, state, parsed)
    fill = _filling(shell, parsed)
    prompt, attached = _prompt(cell, fill), _attached(shell, parsed, fill)
    chosen = state.dari.agents.get(fill(words[0]))
    pinned = {"llm": parsed.get(opt.LLM), "version": parsed.get(opt.VERSION)}
    turn = chosen.send(prompt, **pinned, **attached)
    state.use(chosen, parsed.get(opt.LLM))
    show(turn)


def follow(shell: Any, state: State, line: str) -> None:
    """Show the last turn of a session live, again, and answer what waits with ``--tools``."""
    parsed, words = FOLLOW.words(line)
    if len(words) > 1:
        raise UsageError(f"name one session\nusage: {FOLLOW.usage}")
    show = _Showing(shell, state, parsed)
    given = opt.kernel_tools(shell, parsed)
    show(state.session_or(words[0] if words else None).answer_tools(**given))


class _Showing:
    """How a turn is to be shown: checked before anything is sent, done after."""

    def __init__(self, shell: Any, state: State, parsed: Line) -> None:
        self._shell = shell
        self._state = state
        self._name = variable(parsed.get(opt.ASSIGN))
        self._timeout = opt.seconds(parsed.get(opt.TIMEOUT))
        self._quiet = parsed.has(opt.QUIET)
        self._background = parsed.has(opt.BACKGROUND)

    def __call__(self, turn: Turn) -> None:
        self._state.started(turn)
        assign(self._shell, self._name, turn)
        try:
            self._show(turn)
        except KeyboardInterrupt:
            stopped = "stopped following"
        except TimedOutError:
            stopped = f"not finished after {self._timeout:g} s"
        else:
            return
        raise UsageError(
            f"{stopped}; the turn goes on in {turn.session.id}: %dari_follow shows it again"
        )

    def _show(self, turn: Turn) -> None:
        if not self._quiet:
            turn.follow(self._timeout, wait=not self._background)
        elif not self._background:
            turn.wait(self._timeout)
        if not self._background:
            turn.raise_for_status()


def _send(state: State, parsed: Line, prompt: str, attached: dict[str, Any]) -> Turn:
    session_id, llm = parsed.get(opt.SESSION), parsed.get(opt.LLM)
    if session_id or state.session is not None:
        session = state.session_or(session_id)
        if llm not in (None, session.llm_id):
            raise UsageError(
                f"this session keeps its LLM, {session.llm_id or 'the default'}: "
                f"a new one starts with %%dari_agent {session.agent_name} --llm {llm}"
            )
        return session.send(prompt, **attached)
    if state.agent is None:
        names = ", ".join(agent.name for agent in state.dari.agents.list())
        raise UsageError(f"choose an agent first: %dari use NAME (there are: {names})")
    return state.agent.send(prompt, llm=llm or state.llm, **attached)


def _prompt(text: str, fill: Fill) -> str:
    text = text.strip()
    if not text:
        raise UsageError("the message is empty: write a prompt")
    return fill(text)


def _attached(shell: Any, parsed: Line, fill: Fill) -> dict[str, Any]:
    return {
        "files": [fill(path) for path in parsed.get(opt.FILE)],
        "metadata": opt.pairs(fill(pair) for pair in parsed.get(opt.META)) or None,
        **opt.kernel_tools(shell, parsed),
    }


def _filling(shell: Any, parsed: Line) -> Fill:
    if parsed.has(opt.RAW):
        return str
    return lambda text: interpolate(text, shell.user_ns)
