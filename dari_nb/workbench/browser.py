"""The session browser: a table to look through, and a selection to go on with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ..client.fetching import fetch_many
from ..errors import DariError
from .kept import Kept

if TYPE_CHECKING:
    from ..client import Client
    from ..widgets.sessions import Row
    from .dari import Dari
    from .listing import Listing
    from .session import Session

List = Callable[[], "Listing[Session]"]


class SessionBrowser:
    """Sessions in a table that sorts, filters and opens them; shown at the end of a cell.

    >>> browser = d.sessions.view()  # doctest: +SKIP
    >>> dari.messages_frame(browser.selected)  # doctest: +SKIP

    Attributes:
        view: The widget that shows it.
    """

    def __init__(self, dari: Dari, sessions: List) -> None:
        from ..widgets import SessionsView

        self._dari = dari
        self._list = sessions
        self._known: dict[str, Session] = {}
        self._worker = ThreadPoolExecutor(2, "dari-sessions")
        self.view = SessionsView(
            load=lambda: self._worker.submit(self._rows),
            costs=lambda ids: self._worker.submit(self._costs, ids),
            open_one=lambda session_id: self._worker.submit(self._open, session_id),
        )
        self.view.on_close(lambda: self._worker.shutdown(wait=False))
        self._kept = Kept(self.view, self._paper, lambda: print(self._text()))  # noqa: T201

    @property
    def selected(self) -> list[Session]:
        """The sessions that are selected in the page, in the order of the table."""
        return [self._session(session_id) for session_id in self.view.selected]

    @selected.setter
    def selected(self, sessions: Sequence[Session]) -> None:
        self._known |= {session.id: session for session in sessions}
        self.view.selected = [session.id for session in sessions]

    def close(self) -> None:
        """End the view."""
        self.view.close()

    def __repr__(self) -> str:
        return f"<SessionBrowser, {len(self.view.selected)} selected>"

    def _ipython_display_(self) -> None:
        self._kept.show()

    def _session(self, session_id: str) -> Session:
        if session_id not in self._known:
            self._known[session_id] = self._dari.sessions.get(session_id)
        return self._known[session_id]

    def _rows(self) -> list[Row]:
        sessions = self._list()
        self._known |= {session.id: session for session in sessions}
        newest_first = sorted(sessions, key=lambda s: s.resource.created_at or "", reverse=True)
        return [_row(session) for session in newest_first]

    def _costs(self, ids: Sequence[str]) -> dict[str, str]:
        from ..render.words import cost_text

        def ask(session_id: str) -> Callable[[Client], Any]:
            return lambda client: client.costs.session(session_id).total_cost

        with fetch_many(self._dari.client, map(ask, ids), workers=8) as found:
            known = [(ids[place], cost) for place, cost in found]
        return {id_: "" if isinstance(cost, DariError) else cost_text(cost) for id_, cost in known}

    def _open(self, session_id: str) -> str:
        from ..render import timeline_html

        transcript = self._session(session_id).transcript()
        return timeline_html(transcript.items, transcript.head())

    def _paper(self) -> dict[str, str]:
        return self._list().to_mimebundle()

    def _text(self) -> str:
        return self._paper()["text/plain"]


def _row(session: Session) -> Row:
    from ..widgets.sessions import Row

    resource = session.resource
    return Row(
        id=session.id,
        status=resource.last_message_status or resource.status or "",
        agent=session.agent_name,
        llm=session.llm_id or "",
        name=session.name or "",
        created=resource.created_at or "",
        metadata=_texts(session.metadata),
    )


def _texts(metadata: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in metadata.items()}
