"""``%dari_send``, ``%%dari_send`` and ``%%dari_agent``: messages with a live answer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..errors import NotFoundError, TimedOutError, TurnFailedError
from ..ids import is_session_id
from ..suggestions import did_you_mean, no_llm_option
from .lines import options as opt
from .lines.interpolate import RULE, interpolate
from .lines.names import visible_names
from .lines.parser import Line, LineParser
from .results import shown
from .state import State, assign, interruptible, late, said, variable
from .tools import kernel_tools
from .usage import usage_error

if TYPE_CHECKING:
    from ..resources import Batch, Session, Turn

_PERHAPS_SENT = "interrupted while it was sent: %dari sessions tells whether it arrived"

Fill = Callable[[str], str]

SEND = LineParser(
    "%dari_send [options] TEXT",
    (*opt.SENDING, opt.SESSION, opt.AGAIN),
    is_text=True,
    does="send a message to the current session",
    notes=RULE,
    example="%dari_send --timeout 60 What is 15% of 86.8?",
)
AGENT = LineParser(
    "%%dari_agent AGENT [options] or %dari_agent AGENT [options] TEXT",
    (*opt.SENDING, opt.VERSION),
    does="begin a session with an agent, by the cell",
    notes=RULE,
    example="%dari_agent calculator --llm small What is 6 * 7?",
)
FOLLOW = LineParser(
    "%dari_follow [SESSION] [options]",
    (opt.ASSIGN, opt.BACKGROUND, opt.TIMEOUT, *opt.KERNEL_TOOLS, opt.QUIET),
    does="show a session's last turn live, again",
    example="%dari_follow --timeout 60",
)
CANCEL = LineParser(
    "%dari_cancel [SESSION or RUN]",
    (),
    does="end a session's last turn, or a batch, on the server",
    notes="Ends the last turn of the session, or all turns of a batch, on the server, as Stop in\n"
    "a view does; without a name, what was started last in this notebook. What was written\n"
    "stays, and the session goes on. An interrupt ends none.",
    example="%dari_cancel",
)


def send(shell: Any, state: State, line: str, cell: str | None) -> Turn:
    """Send a message to the current session; one starts with the current agent if there is none."""
    parsed = SEND.text(line)
    if cell is not None and parsed.text:
        raise usage_error(
            f"the text belongs into the cell, not on the line: {parsed.text!r}",
            code="misplaced_argument",
        )
    show = _Showing(shell, state, parsed)
    fill = filling(shell, parsed)
    parsed = parsed.filled(fill)
    text = parsed.text if cell is None else cell
    if parsed.has(opt.AGAIN):
        again = fill(text.strip()) or None
        attached = _attached(shell, parsed)
        with interruptible(_PERHAPS_SENT):
            turn = _again(state, parsed, again, attached)
        return show(turn)
    prompt = _prompt(text, fill)
    attached = _attached(shell, parsed)
    with interruptible(_PERHAPS_SENT):
        turn = _send(state, parsed, prompt, attached)
    return show(turn)


def agent(shell: Any, state: State, line: str, cell: str | None) -> Turn:
    """Send the first message of a new session, which becomes the current one."""
    parsed, name, text = _of_agent(line, cell)
    show = _Showing(shell, state, parsed)
    fill = filling(shell, parsed)
    parsed = parsed.filled(fill)
    prompt, attached = _prompt(text, fill), _attached(shell, parsed)
    pinned = {"llm": parsed.get(opt.LLM), "version": parsed.get(opt.VERSION)}
    with interruptible(_PERHAPS_SENT):
        chosen = state.dari.agents.get(fill(name))
        turn = chosen.send(prompt, **pinned, **attached)
    state.use(chosen, parsed.get(opt.LLM))
    return show(turn)


def _of_agent(line: str, cell: str | None) -> tuple[Line, str, str]:
    if cell is None:
        parsed, name = AGENT.word_and_text(line)
        text = parsed.text
    else:
        parsed, words = AGENT.words(line)
        if len(words) > 1:
            raise usage_error(
                f"the text belongs into the cell, not on the line: {words[1]!r} …",
                code="misplaced_argument",
            )
        name, text = "".join(words), cell
    if not name:
        raise usage_error(f"name one agent\nusage: {AGENT.usage}", code="missing_agent")
    if not text.strip():
        raise usage_error(
            f"the message is empty: write it below %%dari_agent {name}, or behind %dari_agent "
            f"{name}; %dari use {name} only chooses the agent",
            code="missing_message",
        )
    return parsed, name, text


def follow(shell: Any, state: State, line: str) -> Turn:
    """Show the last turn of a session live, again, and answer what waits with ``--tools``."""
    parsed, words = FOLLOW.words(line)
    if len(words) > 1:
        raise usage_error(f"name one session\nusage: {FOLLOW.usage}", code="missing_session")
    show = _Showing(shell, state, parsed)
    given = kernel_tools(shell, parsed)
    with interruptible("interrupted before the turn was shown"):
        named = words[0] if words else None
        turn = state.session_or(named, "%dari_follow {}").use_tools(**given)
    return show(turn)


def cancel(_shell: Any, state: State, line: str) -> Turn | Batch:
    """End the last turn of a session, or all of a batch; what was written stays."""
    from ..models import TERMINAL
    from ..models.events import CANCELLED

    _, words = CANCEL.words(line)
    if len(words) > 1:
        raise usage_error(
            f"name one session, or the run of a batch\nusage: {CANCEL.usage}",
            code="missing_session",
        )
    name = words[0] if words else None
    if name is None and state.batch is not None:
        return _cancel_batch(state.batch, state.under_way)
    if name is not None and not is_session_id(name):
        return _cancel_batch(_batch(state, name), str)
    with interruptible("interrupted; perhaps the turn was cancelled"):
        if name is None and state.session is None:
            raise usage_error(
                f"no session yet; {state.under_way() or 'nothing runs'}", code="missing_session"
            )
        turn = state.session_or(name).turn()
        had_ended = turn.status in {*TERMINAL, CANCELLED}
        turn.cancel()
        more = state.under_way() if had_ended and name is None else ""
    _report(f"{turn.id} had ended before" if had_ended else f"cancelled: {turn.id}", more)
    return shown(turn)


def _cancel_batch(batch: Batch, what_runs: Callable[[], str]) -> Batch:
    from ..models.events import CANCELLED

    with interruptible("interrupted; perhaps the batch was cancelled"):
        had_ended = batch.refresh().is_done
        batch.cancel()
        more = what_runs() if had_ended else ""
    count = f"{batch.counts.get(CANCELLED, 0)} of {len(batch)} cancelled"
    _report(f"{batch.run_id}{' had ended before' if had_ended else ''}: {count}", more)
    return shown(batch)


def _batch(state: State, run_id: str) -> Batch:
    with interruptible("interrupted before anything was cancelled"):
        try:
            return state.dari.batches.recover(run_id)
        except NotFoundError:
            hint = did_you_mean(run_id, [run.run_id for run in state.dari.batches.list()])
            raise usage_error(
                f"there is no session and no run {run_id}{hint}", code="session_not_found"
            ) from None


def _report(said: str, more: str) -> None:
    print(f"{said}; {more}" if more else said)  # noqa: T201


class _Showing:
    """How a turn is to be shown: checked before anything is sent, done after."""

    def __init__(self, shell: Any, state: State, parsed: Line) -> None:
        self._shell = shell
        self._state = state
        self._name = variable(parsed.get(opt.ASSIGN))
        self._timeout = opt.seconds(parsed.get(opt.TIMEOUT))
        self._quiet = parsed.has(opt.QUIET)
        self._background = parsed.has(opt.BACKGROUND)

    def __call__(self, turn: Turn) -> Turn:
        assign(self._shell, self._name, turn)
        with interruptible(turn._stopped().said):
            self._state.started(turn)
        try:
            self._show(turn)
        except TurnFailedError as failed:
            raise said(
                self._shell, str(failed), is_said=not self._quiet, code=failed.code
            ) from None
        except TimedOutError:
            goes_on = f"the turn goes on in {turn.session.id}: %dari_follow shows it again"
            raise late(self._shell, self._timeout, goes_on, is_quiet=self._quiet) from None
        return shown(turn)

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
            _check_llm(state, session, llm)
            raise usage_error(
                f"this session keeps its LLM, {session.llm_id or 'the default'}: "
                f"--again --llm {llm} asks in the place of its last message, in a fork; "
                "a new session starts with "
                f"%%dari_agent {session.agent_name} --llm {llm}",
                code="llm_fixed",
            )
        return session.send(prompt, **attached)
    if state.agent is None:
        names = ", ".join(agent.name for agent in state.dari.agents.list())
        raise usage_error(
            f"choose an agent first: %dari use NAME (there are: {names})\n{state.going_on()}",
            code="missing_agent",
        )
    return state.agent.send(prompt, llm=llm or state.llm, **attached)


def _check_llm(state: State, session: Session, llm: str | None) -> None:
    """Check for a slip, as far as it is known which LLM options the session's version has."""
    if llm is None:
        return
    with suppress(NotFoundError):
        agent = state.dari.agents.get(session.agent_name)
        is_told = agent.active_version_id == session.resource.version_id and agent.llms
        if is_told and llm not in agent.llms:
            raise usage_error(
                no_llm_option(agent.name, llm, agent.llms).rstrip("."), code="llm_not_found"
            )


def _again(state: State, parsed: Line, text: str | None, attached: dict[str, Any]) -> Turn:
    """Ask the last prompt of a session anew, or a text in its place, and say where."""
    session, llm = state.session_or(parsed.get(opt.SESSION)), parsed.get(opt.LLM)
    _check_llm(state, session, llm)
    turn = session.turn().again(text, llm=llm, **attached)
    if not parsed.has(opt.QUIET):
        kept = f"{session.id} stays as it was"
        _report(f"asked again in {turn.session.id}, now the current session", kept)
        for note in turn.session.notes:
            _report(note, "")
    return turn


def _prompt(text: str, fill: Fill) -> str:
    text = text.strip()
    if not text:
        raise usage_error("the message is empty: write a prompt", code="missing_message")
    return fill(text)


def _attached(shell: Any, parsed: Line) -> dict[str, Any]:
    return {
        "files": parsed.get(opt.FILE),
        "metadata": opt.pairs(parsed.get(opt.META)) or None,
        **kernel_tools(shell, parsed),
    }


def filling(shell: Any, parsed: Line) -> Fill:
    """Return what fills the braces of a line and its cell; nothing does with ``--raw``."""
    if parsed.has(opt.RAW):
        return str
    names = visible_names(shell)
    return lambda text: interpolate(text, names)
