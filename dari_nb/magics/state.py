"""What the magics remember between cells: the current agent, session and defaults."""

from __future__ import annotations

import functools
from collections.abc import Callable
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from IPython.core.error import UsageError

from ..errors import AuthenticationError, DariError, NotFoundError
from .options import did_you_mean

if TYPE_CHECKING:
    from ..workbench import Agent, Dari, Session, Turn

P = ParamSpec("P")
T = TypeVar("T")


class State:
    """The current agent, session and LLM option of one shell."""

    def __init__(self) -> None:
        self.agent: Agent | None = None
        self.session: Session | None = None
        self.llm: str | None = None

    @property
    def dari(self) -> Dari:
        """The current connection."""
        from ..workbench import current

        return current()

    def use(self, agent: Agent, llm: str | None) -> None:
        """Make an agent the current one; the next message starts a session with it."""
        self.agent, self.llm, self.session = agent, llm, None

    def forget(self) -> None:
        """Forget what belongs to another connection."""
        self.agent = self.session = self.llm = None

    def session_or(self, session_id: str | None) -> Session:
        """Return the named session, or else the current one.

        Raises:
            UsageError: There is no current session.
        """
        if session_id:
            return self._named(session_id)
        if self.session is None:
            raise UsageError("no session yet: start one with %dari_send, or name one by its id")
        return self.session

    def _named(self, session_id: str) -> Session:
        try:
            return self.dari.sessions.get(session_id)
        except NotFoundError:
            known = [session.id for session in self.dari.sessions.list()]
        hint = did_you_mean(session_id, known)
        raise UsageError(f"there is no session {session_id}{hint}: %dari sessions lists them")

    def started(self, turn: Turn) -> None:
        """Make a turn's session the current one, and its agent too."""
        self.session = turn.session
        agent_id = turn.session.agent_id
        if agent_id is not None and (self.agent is None or self.agent.id != agent_id):
            self.llm = None
            try:
                self.agent = self.dari.agents.get(agent_id)
            except DariError:  # it was deleted; its sessions can still be read
                self.agent = None


def usage_errors(function: Callable[P, T]) -> Callable[P, T]:
    """Turn this package's errors into IPython's ``UsageError``: a line or two, no traceback."""

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except AuthenticationError as error:
            message = f"{error}\nset DARI_API_KEY to a valid key, or: %dari connect local"
        except DariError as error:
            message = str(error)
        raise UsageError(message)

    return wrapped


def variable(name: str | None) -> str | None:
    """Check the name of a variable to assign to.

    Raises:
        UsageError: The name cannot be a variable's.
    """
    if name is not None and (not name.isidentifier() or iskeyword(name)):
        raise UsageError(f"-o takes a variable's name, not {name!r}")
    return name


def assign(shell: Any, name: str | None, value: object) -> None:
    """Assign a result to the user's variable, if one is named."""
    if name is not None:
        shell.user_ns[name] = value
