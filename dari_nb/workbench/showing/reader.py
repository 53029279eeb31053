"""Transcripts in the view for reading: those that are done, and those that go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import traitlets

from ... import models
from ...errors import InvalidRequestError
from ...models import Event, TimelineItem, ToolCallItem, seconds_between
from ...models.events import CANCELLED
from ...widgets import TranscriptView
from ...widgets.errands import Errands
from ...widgets.reader.wire import Branch
from ..link import host
from .staying import Staying
from .subject import Changed, Subject
from .words import Ending, closed, then

if TYPE_CHECKING:
    from ...render import Head
    from ...widgets.view import AnyLayout
    from ..kernel_tools.toolbox import Toolbox
    from ..link import Link
    from ..link.feed import Feed

Read = Callable[[], tuple[Sequence[TimelineItem], "Head"]]


class Family(Protocol):
    """What a view needs of the sessions that a session shares its beginning with."""

    @property
    def can_fork(self) -> bool:
        """Whether the server can."""

    @property
    def branches(self) -> list[Branch]:
        """Where it parts from others."""

    @property
    def again(self) -> Callable[[str, str], tuple[Conversation, str]]:
        """Asks a text in the place of a message's."""

    def learn(self) -> None:
        """Ask where they part."""

    def where(self) -> list[str]:
        """Which branch it is, in words."""

    def step(self, message_id: str, by: int) -> tuple[Conversation, str]:
        """The session in which another was asked at a message's place, and what that is."""

    def compared(self, message_id: str) -> Sequence[tuple[Conversation, str]]:
        """All that was asked at a message's place, each with its session."""


class Conversation(Protocol):
    """What a view needs of the session that it shows."""

    resource: models.Session
    agent_name: str
    _link: Link
    _feed: Feed

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def llm_id(self) -> str | None:
        """Its LLM."""

    @property
    def _tools(self) -> Toolbox: ...

    def events(self) -> list[models.Event]:
        """Ask for its ledger's events."""

    def head(self) -> Head:
        """What is said above it."""

    def _turn_of(self, sent: models.SendResult) -> object: ...

    @property
    def _family(self) -> Family: ...

    def _way_to(self, item: TimelineItem) -> str:
        """Python that leads back to an item."""


class Branching:
    """What a page asks of the branches of the session that a view shows, one after another.

    Args:
        view: The view.
        join: Has it show another session, whose events are read.
    """

    def __init__(self, view: TranscriptView, join: Callable[[Conversation], object]) -> None:
        self._view = view
        self._join = join
        self._errands = Errands()

    def prompt(self, turn: str) -> str:
        """What was asked in a turn."""
        state = self._session._feed.turn(turn)
        return state.user.text if state and state.user else ""

    def step(self, turn: str, by: int) -> Future[str]:
        """Show the branch so many further on; gives the turn at the same place there."""
        return self._errands.submit(self._go, lambda: self._session._family.step(turn, by))

    def again(self, turn: str, text: str) -> Future[str]:
        """Ask a text in the place of a turn's; gives the new turn, which is shown."""
        return self._errands.submit(self._go, lambda: self._session._family.again(turn, text))

    def compare(self, turn: str) -> Future[str]:
        """Give the branches side by side, as HTML."""
        return self._errands.submit(self._compare, turn)

    @property
    def _session(self) -> Conversation:
        session: Conversation | None = self._view.session
        if session is None:
            raise InvalidRequestError("Nothing is shown here.")
        return session

    def _go(self, way: Callable[[], tuple[Conversation, str]]) -> str:
        session, turn = way()
        self._join(session)
        return turn

    def _compare(self, turn: str) -> str:
        from ...render.matrix.compare import Compared, compare_html
        from ...render.matrix.matrix import MatrixCell

        compared = []
        for number, (session, message_id) in enumerate(self._session._family.compared(turn), 1):
            session._feed.add(session.events())
            state = session._feed.turn(message_id)
            status = CANCELLED if state and state.is_cancelled else state and state.status
            cell = MatrixCell(
                *(message_id, turn, session.id),
                state=status or "",
                seconds=seconds_between(state.created_at, state.completed_at) if state else None,
            )
            name = f"branch {number}{f' · {session.llm_id}' if session.llm_id else ''}"
            compared.append(Compared(name, cell, session._feed.items(message_id)))
        return compare_html(compared)


class ReaderSubject(Subject):
    """A transcript in a view that finds, filters and jumps.

    Args:
        view: What shows it; its session, if it has one, is followed.
        read: Gives the items as they are now, and what is said above them.
    """

    _way = "view"
    """What shows its session again."""

    def __init__(self, view: TranscriptView, read: Read) -> None:
        self._reader = view
        self._read = read
        self._ending: Ending | None = None

    @property
    def is_at_rest(self) -> bool:  # type: ignore[override]
        """Whether no turn runs."""
        session: Conversation | None = self._reader.session
        return session is None or session._feed.is_at_rest

    def paper(self, ending: Ending | None = None) -> dict[str, str]:
        """All of it, or of a very long one its two ends and what is left out between them."""
        from ...render import noted
        from ...render.timeline.ends import ends

        items, head = self._read()
        session: Conversation | None = self._reader.session
        head = replace(head, facts=(*head.facts, *(session._family.where() if session else ())))
        if ending is None:
            return ends(items, head)
        return noted(ends(items, replace(head, state=ending.state)), ending.line)

    def closed(self) -> Ending:
        """Say in which state it was, and what goes on with its session."""
        session: Conversation | None = self._reader.session
        state = self._read()[1].state
        how = f'd.sessions.get("{session.id}").{self._way}()' if session else ""
        return closed(state if self.is_at_rest else then(state), how)

    def print(self) -> None:
        """Print all of it."""
        host.print_items(*self._read())

    def draw(self) -> None:
        """Have the page read it with its next batch."""
        self._reader.update_from(self._as_followed)

    def lost(self, ending: Ending) -> None:
        """Say so in the head."""
        self._ending = ending
        self.draw()

    def _as_followed(self) -> tuple[Sequence[TimelineItem], Head]:
        items, head = self._read()
        return items, replace(head, state=self._ending.state) if self._ending else head

    async def follow(self, changed: Changed) -> None:
        """Follow what goes on in its session; what is of none is as it is."""
        self._ending = None
        session: Conversation | None = self._reader.session
        if session is not None:
            with session._feed.listening(changed):
                changed()
                await session._feed.follow()


class SessionReader(TranscriptView):
    """A session to find one's way in; see :meth:`Session.view`.

    >>> reader = session.view()
    >>> reader.session = d.agents["echo"].start()
    >>> reader.selected is None
    True

    Args:
        session: What to show.
        transcript: Gives what to show in place of a session, as it stands.
        find: Gives a session by its id, or raises.
        at: Id of the item to begin with; the beginning if it is not there.
        height: Most pixels that the list takes.
        layout: Its place and size.

    Attributes:
        session: The session that is shown, which is the value, too. Set another one, or its id,
            to show that; ``None`` shows nothing.
        selected: The item that the reader is at, a ``TimelineItem``, or ``None``. Set it, or its
            id, to go there.
        status: Status word of the last message, ``disconnected``, or empty; read-only.
    """

    _valued = "session"

    def __init__(
        self,
        *,
        session: Conversation | None = None,
        transcript: Read | None = None,
        find: Callable[[str], Conversation] | None = None,
        at: str | None = None,
        height: int | None = None,
        layout: AnyLayout = None,
    ) -> None:
        self._transcript = transcript
        self._find = find
        super().__init__(
            events=lambda item: events_of(self.session, item),
            link=lambda item: self.session._way_to(item) if self.session else item.id,
            branching=Branching(self, lambda session: setattr(self, "session", session)),
            height=height or 0,
            layout=layout,
        )
        self._presentation = Staying(ReaderSubject(self, self._now), self)
        if session is None:
            self.show(*self._now())
        else:
            self.session = session
        self.selected = self._outline.item(at or "")

    def __repr__(self) -> str:
        return f"<SessionReader of {self.session.id if self.session else 'no session'}>"

    def _now(self) -> tuple[Sequence[TimelineItem], Head]:
        from ...render import Head

        if self.session is not None:
            return self.session._feed.timeline(), self.session.head()
        return self._transcript() if self._transcript else ([], Head(""))

    @traitlets.validate("session")
    def _valid_session(self, proposal: Any) -> Conversation | None:
        wanted = proposal.value
        if isinstance(wanted, str) and wanted and self._find:
            wanted = self._find(wanted)
        return self.session if wanted is self.session else loaded(wanted)

    @traitlets.observe("session")
    def _show_session(self, _change: object) -> None:
        self._transcript = None
        self.selected = None
        self.tell(**branches_of(self.session))
        self.show(*self._now())
        self._presentation.renew()


def loaded(session: Any) -> Conversation | None:
    """Read what a session holds so far, and return it.

    Raises:
        TraitError: This is no session.
    """
    if session is None:
        return None
    if not hasattr(session, "_feed"):
        raise traitlets.TraitError(f"{session!r} is no session.")
    conversation: Conversation = session
    conversation._feed.add(conversation.events())
    conversation._family.learn()
    return conversation


def branches_of(session: Conversation | None) -> dict[str, Any]:
    """The traits that tell of a session's branches."""
    if session is None:
        return {"branches": [], "can_fork": False}
    return {"branches": session._family.branches, "can_fork": session._family.can_fork}


def events_of(session: Conversation | None, item: TimelineItem) -> list[dict[str, Any]]:
    """The events behind an item of a session, in the API's own shape."""
    events = session._feed.events if session is not None else ()
    return [event.to_dict() for event in events if _belongs(event, item)]


def _belongs(event: Event, item: TimelineItem) -> bool:
    if isinstance(item, ToolCallItem):
        return event.data.get("tool_call_id") == item.tool_call_id
    return event.id == item.id or (
        item.id.startswith(f"{item.message_id}:") and event.turn_id == item.message_id
    )
