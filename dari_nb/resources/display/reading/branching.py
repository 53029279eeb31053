"""What a page asks of the branches of a session."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from ....errors import InvalidRequestError
from ....models.events import CANCELLED
from ....widgets import TranscriptView
from ....widgets.serial_executor import SerialExecutor
from .conversation import Conversation


class Branching:
    """What a page asks of the branches of the session that a view shows, one after another.

    Args:
        view: The view.
        join: Has it show another session, whose events are read.
    """

    def __init__(self, view: TranscriptView, join: Callable[[Conversation], object]) -> None:
        self._view = view
        self._join = join
        self._executor = SerialExecutor()

    def prompt(self, turn: str) -> str:
        """What was asked in a turn."""
        state = self._session._feed.turn(turn)
        return state.user.text if state and state.user else ""

    def step(self, turn: str, by: int) -> Future[str]:
        """Show the branch so many further on; gives the turn at the same place there."""
        return self._executor.submit(self._go, lambda: self._session._fork_tree.step(turn, by))

    def again(self, turn: str, text: str) -> Future[str]:
        """Ask a text in the place of a turn's; gives the new turn, which is shown."""
        return self._executor.submit(self._go, lambda: self._session._fork_tree.again(turn, text))

    def compare(self, turn: str) -> Future[str]:
        """Give the branches side by side, as HTML."""
        return self._executor.submit(self._compare, turn)

    def learn(self, session: Conversation) -> Future[None]:
        """Learn of branches that were asked elsewhere, and tell the page, if it is still shown."""
        return self._executor.submit(self._learn, session)

    @property
    def _session(self) -> Conversation:
        session: Conversation | None = self._view.session
        if session is None:
            raise InvalidRequestError("Nothing is shown here.", code="item_not_found")
        return session

    def _go(self, way: Callable[[], tuple[Conversation, str]]) -> str:
        session, turn = way()
        self._join(session)
        return turn

    def _learn(self, session: Conversation) -> None:
        session._fork_tree.learn()
        if session is self._view.session:
            self._view.update_traits(**branches_of(session))

    def _compare(self, turn: str) -> str:
        from ....render.matrix.compare import Compared, compare_html
        from ....render.matrix.matrix import MatrixCell

        compared = []
        for number, (session, message_id) in enumerate(self._session._fork_tree.compared(turn), 1):
            session._feed.add(session.events())
            state = session._feed.turn(message_id)
            status = CANCELLED if state and state.is_cancelled else state and state.status
            cell = MatrixCell(
                *(message_id, turn, session.id),
                state=status or "",
                latency_s=state.latency_s if state else None,
                usage=state.usage if state else {},
            )
            name = f"branch {number}{f' · {session.llm_id}' if session.llm_id else ''}"
            compared.append(Compared(name, cell, session._feed.items(message_id)))
        return compare_html(compared)


def branches_of(session: Conversation | None) -> dict[str, Any]:
    """The traits that tell of a session's branches."""
    if session is None:
        return {"branches": [], "can_fork": False}
    return {"branches": session._fork_tree.branches, "can_fork": session._fork_tree.can_fork}
