"""The session browser: a table to look through, and what is selected in it to go on with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import traitlets

from ...models import parse_time
from ...models.batches import given_metadata, run_id_in
from ...widgets import SessionsView
from ...widgets.object_traits import each_once
from ...widgets.serial_executor import in_thread
from ..display.staying import Staying
from ..display.subject import Subject
from ..display.words import Ending
from .session import Session, session_of
from .session_list import by_run, total_cost

if TYPE_CHECKING:
    from ...widgets.sessions import Row, SessionSummary
    from ...widgets.view import AnyLayout
    from ..connection import Link
    from ..listing import Listing
    from .summaries import SessionSummaries

_MOST_OF_A_RUN = 100
"""Sessions of a run whose costs are asked for and added up; that of a larger one stays unknown."""
_BEGINNING = 400

List = Callable[[], "Listing[Session]"]


class SessionBrowser(SessionsView):
    """Sessions in a table that sorts, filters and opens them; shown at the end of a cell.

    >>> table = d.sessions.view()
    >>> table.active = session.id  # or open a row in the page
    >>> table.active.id == session.id
    True
    >>> table.selection = [session]  # or tick boxes in the page
    >>> len(dari.messages_frame(table.selection)) > 0
    True

    Attributes:
        active: The session that is open, or ``None``; it is the value, too. Set it, or its id,
            to open it in the page.
        selection: The sessions whose boxes are ticked, in the order of the table. May be set, too.
        preview: Whether the one that is open is shown beside the table.

    Raises:
        NotFoundError: There is no session of an id that was set.
    """

    def __init__(
        self,
        link: Link,
        sessions: List,
        summaries: SessionSummaries,
        *,
        preview: bool = True,
        layout: AnyLayout = None,
    ) -> None:
        self._link = link
        self._list = sessions
        self._about = summaries
        self._known: dict[str, Session] = {}
        self._groups: dict[str, list[Session]] = {}
        super().__init__(
            load=lambda: in_thread(self._rows),
            summaries=lambda ids: in_thread(self._summaries, ids),
            costs=lambda ids: in_thread(self._costs, ids),
            open_one=lambda session_id: in_thread(self._open, session_id),
            preview=preview,
            layout=layout,
        )
        self._presentation = Staying(BrowserSubject(sessions), self)

    def __repr__(self) -> str:
        at = f"{self.active.id} active" if self.active else "none active"
        return f"<SessionBrowser, {at}, {len(self.selection)} selected>"

    @traitlets.validate("active")
    def _valid_selected(self, proposal: Any) -> Session | None:
        return None if proposal.value is None else self._session(proposal.value)

    @traitlets.validate("selection")
    def _valid_chosen(self, proposal: Any) -> list[Session]:
        return each_once(self._session(each) for each in proposal.value)

    def _session(self, named: Session | str) -> Session:
        """Return a session, given itself or its id."""
        if isinstance(named, Session):
            self._known[named.id] = named
            return named
        if not isinstance(named, str) or not named:
            raise traitlets.TraitError(f"{named!r} is no session.")
        if named not in self._known:
            self._known[named] = session_of(self._link, named)
        return self._known[named]

    def _rows(self) -> list[Row]:
        sessions = self._list()
        self._known |= {session.id: session for session in sessions}
        self._groups = by_run(sessions)
        return [_row(session) for session in sessions]

    def _summaries(self, ids: Sequence[str]) -> dict[str, SessionSummary]:
        from ...widgets.sessions import SessionSummary

        known = [self._known[id_] for id_ in ids if id_ in self._known]
        summaries = self._about.of([session.resource for session in known])
        return {
            session.id: SessionSummary(
                words=summary.words and summary.words[:_BEGINNING],
                turns=summary.turns,
                cancelled=bool(summary.is_cancelled),
            )
            for session, summary in zip(known, summaries, strict=True)
        }

    def _costs(self, ids: Sequence[str]) -> dict[str, str]:
        from ...render.plain.words import cost_text

        wanted = {key: self._members(key) for key in ids}
        costs = self._about.costs(list(chain.from_iterable(wanted.values())))
        return {
            key: cost_text(total_cost(costs.get(o) for o in own)) for key, own in wanted.items()
        }

    def _members(self, key: str) -> list[str]:
        """The sessions that a line stands for; none of a run that is too large to add up."""
        group = self._groups.get(key)
        if group is None:
            return [key]
        return [session.id for session in group] if len(group) <= _MOST_OF_A_RUN else []

    def _open(self, session_id: str) -> str:
        from ...render import timeline_html

        transcript = self._session(session_id).transcript()
        return timeline_html(transcript.items, transcript.head())


class BrowserSubject(Subject):
    """A list of sessions as it is presented."""

    def __init__(self, sessions: List) -> None:
        self._list = sessions

    def static_output(self, ending: Ending | None = None) -> dict[str, str]:
        """The list as it is now."""
        from ...render import noted

        return noted(self._list().to_mimebundle(), ending and ending.line)

    def print(self) -> None:
        """Print the list as it is now."""
        print(self.static_output()["text/plain"])  # noqa: T201


def _row(session: Session) -> Row:
    from ...widgets.sessions import Row

    resource = session.resource
    return Row(
        id=session.id,
        status=resource.last_message_status or resource.status or "",
        agent=session.agent_name,
        llm=session.llm_id or "",
        name=session.name or "",
        created=(resource.created_at or "") if parse_time(resource.created_at) else "",
        metadata=_texts(given_metadata(resource.metadata)),
        run=run_id_in(resource.metadata) or "",
        task=str((resource.metadata or {}).get("task_index", "")),
    )


def _texts(metadata: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in metadata.items()}
