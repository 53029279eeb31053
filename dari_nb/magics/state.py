"""What the magics remember between cells: the current agent, session and defaults."""

from __future__ import annotations

import builtins
import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from IPython.core.error import UsageError

from ..errors import AuthenticationError, DariError, NotFoundError, TapeMissError
from ..interrupts import Interrupted, deferred, heard
from ..suggestions import did_you_mean
from .lines.parser import HelpAsked
from .usage import usage_error

if TYPE_CHECKING:
    from ..resources import Agent, Batch, Dari, Session, Turn

P = ParamSpec("P")
T = TypeVar("T")


GO_ON = "%dari_send --session {} …"
"""The line that goes on with a session."""


class Said(UsageError):  # noqa: N818
    """Ends a cell, and with it Run All, although the output says already why.

    Args:
        text: What happened, in words.
        is_said: Whether the output says so; else these words are all that is shown.
        code: As of a :class:`~dari_nb.errors.DariError`.
    """

    def __init__(self, text: str, *, is_said: bool, code: str) -> None:
        super().__init__(text)
        self.is_said = is_said
        self.code = code


@dataclass
class Place:
    """Where one is on one connection.

    Attributes:
        agent: The current agent.
        session: The current session.
        llm: The LLM option of the next session.
        batch: What was started last, if that is a batch.
    """

    agent: Agent | None = None
    session: Session | None = None
    llm: str | None = None
    batch: Batch | None = None


class State:
    """The current agent, session and LLM option of one shell: those of the current connection."""

    def __init__(self) -> None:
        self._places: WeakKeyDictionary[Dari, Place] = WeakKeyDictionary()

    @property
    def dari(self) -> Dari:
        """The current connection, whether a magic or Python has made it.

        Raises:
            InvalidRequestError: It was closed.
        """
        from ..resources import current

        return current()

    @property
    def agent(self) -> Agent | None:
        """The agent that the next session is with."""
        return self._place.agent

    @property
    def session(self) -> Session | None:
        """The session that the next message goes to; none of before a tape was put in."""
        session = self._place.session
        is_at_hand = session is not None and session._link is self.dari._link
        return session if is_at_hand else None

    @property
    def llm(self) -> str | None:
        """The LLM option of the next session."""
        return self._place.llm

    @property
    def batch(self) -> Batch | None:
        """What was started last here, if that is a batch and no turn."""
        return self._place.batch

    @batch.setter
    def batch(self, batch: Batch) -> None:
        self._place.batch = batch

    @property
    def _place(self) -> Place:
        return self._places.setdefault(self.dari, Place())

    def use(self, agent: Agent, llm: str | None) -> None:
        """Make an agent the current one; the next message starts a session with it."""
        self._places[self.dari] = Place(agent, llm=llm)

    def session_or(self, session_id: str | None, line: str = GO_ON) -> Session:
        """Return the named session, or else the current one.

        Args:
            session_id: Its id, if one was named.
            line: What to type to name one.

        Raises:
            UsageError: There is no current session.
        """
        if session_id:
            return self._named(session_id)
        if self.session is None:
            raise usage_error(
                f"no session yet: start one with %dari_send, {self.going_on(line)}",
                code="missing_session",
            )
        return self.session

    def going_on(self, line: str = GO_ON) -> str:
        """Say how to go on with a session that this shell has not chosen, the newest for one."""
        sessions = self.dari.sessions.list()
        newest = sessions[0].id if sessions else "ID"
        return f"or go on with one: {line.format(newest)} (%dari sessions lists them)"

    def under_way(self) -> str:
        """Say what ends the newest of what runs, a batch or a turn; empty when nothing runs."""
        from ..models import TERMINAL
        from ..resources.batches.sending.finding import found_in

        for session in self.dari.sessions.list():
            resource = session.resource
            status = resource.last_message_status
            if status is not None and status not in TERMINAL:
                run_id = session.metadata.get("managed_run_id") if found_in(resource) else None
                return f"what runs is ended by %dari_cancel {run_id or session.id}"
        return ""

    def _named(self, session_id: str) -> Session:
        try:
            return self.dari.sessions.get(session_id)
        except NotFoundError:
            known = [session.id for session in self.dari.sessions.list()]
        hint = did_you_mean(session_id, known)
        raise usage_error(
            f"there is no session {session_id}{hint}: %dari sessions lists them",
            code="session_not_found",
        )

    def started(self, turn: Turn) -> None:
        """Make a turn's session the current one, and its agent too."""
        place, agent_id = self._place, turn.session.agent_id
        place.session, place.batch = turn.session, None
        if agent_id is not None and (place.agent is None or place.agent.id != agent_id):
            place.llm = None
            try:
                place.agent = self.dari.agents.get(agent_id)
            except DariError:  # it was deleted; its sessions can still be read
                place.agent = None


def usage_errors(function: Callable[P, T]) -> Callable[P, T | None]:
    """Turn this package's errors into IPython's ``UsageError``: a line or two, no traceback.

    Their ``code`` is passed on. Help is printed.
    """

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T | None:
        try:
            return function(*args, **kwargs)
        except HelpAsked as help_text:
            print(help_text)  # noqa: T201
            return None
        except AuthenticationError as error:
            message = f"{error}\nset DARI_API_KEY to a valid key, or: %dari connect local"
            code = error.code
        except TapeMissError as error:
            message = str(error).replace('mode="auto" asks', "%dari tape --mode auto asks")
            code = error.code
        except DariError as error:
            message, code = str(error), error.code
        raise usage_error(message, code=code)

    return wrapped


def whole(function: Callable[..., T]) -> Callable[..., T]:
    """Have a magic hear interrupts only where it says what they mean."""

    @functools.wraps(function)
    def wrapped(magics: Any, *args: Any, **options: Any) -> T:
        try:
            with deferred():
                from ..resources.display.calm import keep_calm

                keep_calm(magics.shell)
                return function(magics, *args, **options)
        except Interrupted:
            raise
        except KeyboardInterrupt:
            raise Interrupted("interrupted") from None

    return wrapped


@contextlib.contextmanager
def interruptible(meaning: str) -> Iterator[None]:
    """Hear interrupts, and say what one means."""
    try:
        with heard():
            yield
    except KeyboardInterrupt:
        raise Interrupted(meaning) from None


def said(shell: Any, text: str, *, is_said: bool, code: str) -> Said:
    """Make the error that ends a cell calmly; arguments as of :class:`Said`."""
    from ..resources.display.calm import keep_calm

    keep_calm(shell, Said)
    return Said(text, is_said=is_said, code=code)


def late(shell: Any, seconds: float | None, goes_on: str, *, is_quiet: bool) -> Said:
    """Make the error of a time that is up. In a kernel, a view's head says that much.

    Args:
        shell: The shell.
        seconds: How long was waited.
        goes_on: What goes on, and how it is shown again.
        is_quiet: Whether there is no view.
    """
    from ..resources.connection.host import in_kernel
    from ..resources.display import words

    is_said = in_kernel() and not is_quiet
    if is_said:
        print(goes_on)  # noqa: T201
    return said(shell, f"{words.late(seconds).state}; {goes_on}", is_said=is_said, code="timed_out")


def variable(name: str | None) -> str | None:
    """Check the name of a variable to assign to.

    Raises:
        UsageError: The name cannot be a variable's, or is one of Python's own.
    """
    if name is not None and (not name.isidentifier() or iskeyword(name)):
        raise usage_error(f"-o takes a variable's name, not {name!r}", code="invalid_name")
    if name is not None and hasattr(builtins, name):
        raise usage_error(
            f"-o {name} would hide Python's own {name}: take another name", code="invalid_name"
        )
    return name


def assign(shell: Any, name: str | None, value: object) -> None:
    """Assign a result to the user's variable, if one is named."""
    if name is not None:
        shell.user_ns[name] = value
