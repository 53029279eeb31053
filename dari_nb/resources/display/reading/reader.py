"""Transcripts in the view for reading: those that are done, and those that go on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import traitlets

from ....models import Event, TimelineItem, ToolCallItem
from ....widgets import TranscriptView
from ....widgets.pace import Pace
from ...connection import host
from ...connection.background import done
from ..staying import Staying
from ..subject import Changed, Subject
from ..words import AGAIN, LEAVE, STOP, Ending, closed, stopped_reading, then
from .branching import Branching, branches_of
from .conversation import Conversation

if TYPE_CHECKING:
    from ....render import Head
    from ....widgets.view import AnyLayout

Read = Callable[[], tuple[Sequence[TimelineItem], "Head"]]


class ReaderSubject(Subject):
    """A transcript in a view that finds, filters and jumps.

    Args:
        view: What shows it; its session, if it has one, is followed.
        read: Gives the items as they are now, and what is said above them.
        branching: What learns of branches that are asked elsewhere.
    """

    _way = "view"
    """What shows its session again."""

    def __init__(
        self, view: TranscriptView, read: Read, branching: Branching | None = None
    ) -> None:
        self._reader = view
        self._read = read
        self._branching = branching
        self._over: Ending | None = None
        self._is_lost = False
        self._stopping: str | None = None
        self._telling = Pace(self._step)

    @property
    def is_at_rest(self) -> bool:  # type: ignore[override]
        """Whether no turn runs."""
        session = self._session
        return session is None or session._feed.is_at_rest

    @property
    def can_cancel(self) -> bool:  # type: ignore[override]
        """Whether the server has said so."""
        return self._session is not None and self._session._link.offers("cancel")

    @property
    def is_watched(self) -> bool:
        """Whether it is followed, as far as it is known."""
        return self._over is None

    @property
    def _session(self) -> Conversation | None:
        session: Conversation | None = self._reader.session
        return session

    def static_output(self, ending: Ending | None = None) -> dict[str, str]:
        """All of it, or of a very long one its two ends and what is left out between them."""
        from ....render import noted
        from ....render.timeline.ends import ends

        items, head = self._read()
        session = self._session
        head = replace(head, facts=(*head.facts, *(session._fork_tree.where() if session else ())))
        if ending is None:
            return ends(items, head)
        return noted(ends(items, replace(head, state=ending.state)), ending.line)

    def closed(self) -> Ending:
        """Say in which state it was, and what goes on with its session."""
        session = self._session
        state = self._read()[1].state
        how = f'd.sessions.get("{session.id}").{self._way}()' if session else ""
        return closed(state if self.is_at_rest else then(state), how)

    def print(self) -> None:
        """Print all of it."""
        host.print_items(*self._read())

    def draw(self) -> None:
        """Have the page read it with its next batch, and what can be stopped."""
        self._reader.update_from(self._as_followed)
        self._telling.soon()

    async def follow(self, changed: Changed) -> None:
        """Follow what goes on in its session; what is of none is as it is."""
        self._over, self._is_lost = None, False
        session = self._session
        if session is not None:
            with contextlib.ExitStack() as listening:
                listening.enter_context(session._feed.listening(changed))
                if self._branching is not None:
                    learn = partial(self._branching.learn, session)
                    listening.enter_context(session._link.hearing_of_messages(learn))
                changed()
                await session._feed.follow()

    def cancel(self) -> Future[None] | None:
        """Have the turn ended that is under way; those that were sent after it go on."""
        session = self._session
        if session is None or not self.can_cancel:
            return None
        message_id = session._feed.under_way()
        if message_id is None:
            return done()
        self._stopping = message_id
        self._telling.soon()
        cancelling = session._link.cancel(session.id, message_id)
        cancelling.add_done_callback(self._asked_to_end)
        return cancelling

    def stopped(self) -> Ending:
        """Say so in the page."""
        self._over = stopped_reading()
        self._telling.soon()
        return self._over

    def lost(self, ending: Ending) -> None:
        """Say so in the head, and beside the button."""
        self._over, self._is_lost = ending, True
        self.draw()

    def _asked_to_end(self, cancelling: Future[None]) -> None:
        if cancelling.cancelled() or cancelling.exception() is not None:
            self._stopping = None
            self._telling.soon()

    def _as_followed(self) -> tuple[Sequence[TimelineItem], Head]:
        items, head = self._read()
        if self._over is not None and self._is_lost:
            head = replace(head, state=self._over.state)
        return items, head

    def _step(self) -> bool:
        self._notify()
        return False

    def _notify(self) -> None:
        """Tell the page what is known of the turn under way, and what its button would do."""
        session = self._session
        if self._over is not None:
            self._reader.watching(self._over.said, AGAIN)
        elif session is None or self.is_at_rest:
            self._reader.watching("", "")
        else:
            is_stopping = self._stopping == session._feed.under_way()
            stops = STOP if self.can_cancel else LEAVE
            self._reader.watching("stopping…" if is_stopping else "", stops)


class SessionReader(TranscriptView):
    """A session to find one's way in; see :meth:`Session.view`.

    >>> reader = session.view()
    >>> reader.session = d.agents["echo"].start()
    >>> reader.active is None
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
        active: The item that the reader is at, a ``TimelineItem``, or ``None``. Set it, or its
            id, to go there.
        status: Status word of the last message, ``disconnected``, or empty; read-only.
    """

    _valued = "session"
    _presentation: Staying

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
        branching = Branching(self, lambda session: setattr(self, "session", session))
        super().__init__(
            events=lambda item: events_of(self.session, item),
            link=lambda item: self.session._way_to(item) if self.session else item.id,
            watch=lambda: self._presentation.stop_or_watch(),
            branching=branching,
            height=height or 0,
            layout=layout,
        )
        self._presentation = Staying(ReaderSubject(self, self._now, branching), self)
        if session is None:
            self.show(*self._now())
        else:
            self.session = session
        self.active = self._outline.item(at or "")

    def __repr__(self) -> str:
        return f"<SessionReader of {self.session.id if self.session else 'no session'}>"

    def _now(self) -> tuple[Sequence[TimelineItem], Head]:
        from ....render import Head

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
        self.active = None
        self.update_traits(**branches_of(self.session))
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
    conversation._fork_tree.learn()
    return conversation


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
