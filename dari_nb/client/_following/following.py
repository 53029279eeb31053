"""The course of one event stream, free of I/O: what is new, what is missing, when to try again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import httpx

from ...errors import DariError, StreamInterruptedError, UnexpectedAnswerError
from ...models import TERMINAL, Event
from ...models import events as ev
from .._answers import api_error
from .._offers import Offers
from .._redaction import Secrets
from .._request import Request, State, Steps, StreamRequest
from .._retry import Reconnect, retry_after
from ..endpoints import sessions
from . import listed as _listed
from .breaks import Breaks, may_pass
from .frames import Frames
from .overtaken import Overtaken
from .payloads import events_in, is_draft
from .seen import Seen

_GARBLED = "an event was garbled on its way"


class Following:
    """Follows one session's events across connections.

    On each connection the driver asks in this order: :meth:`request`, :meth:`connected`,
    :meth:`caught_up`, then for each chunk :meth:`read`, :meth:`lacks` with :meth:`ledger`,
    :meth:`admit` and :meth:`check`; after a break, :meth:`pause`.

    A server may begin a stream with the ledger, with what follows ``Last-Event-ID``, or with what
    happens next (U17). So the ledger is listed as well, until a stream has begun with an event
    that was in the list: from then on streams alone are trusted, as long as they leave no gap.
    A server that has begun a stream right after ``Last-Event-ID`` is trusted by the client's later
    streams, too, which then list nothing.

    Attributes:
        done: Whether the message that was waited for has ended, or the server has no more.
    """

    def __init__(
        self, wanted: StreamRequest, policy: Reconnect, secrets: Secrets, offers: Offers
    ) -> None:
        self.done = False
        self._offers = offers
        self.policy = policy
        self._wanted = wanted
        self._secrets = secrets
        self._last_event_id = wanted.last_event_id
        self._resumed_from = wanted.last_event_id
        self._state: State | None = None
        self._seen = Seen()
        self._overtaken = Overtaken()
        self._position = 0
        self._frames = Frames()
        self._breaks = Breaks(policy)
        self._connections = 0
        self._withheld: list[Event] | None = None
        self._lists_all = False
        self._due: Event | None = None
        self._begins = False
        # Whether the awaited message has ended already, only the ledger says.
        self._resumes = True if offers.resumes and wanted.until is None else None
        self._is_resuming = False
        self._status: tuple[str | None, ...] | None = None
        self._garbled = False
        self._garbled_at = -1
        self._listed_to = 0
        self._is_over = False

    def request(self) -> Request[bytes]:
        """Describe the next connection."""
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        # An id that no header can hold is left out; the events list closes the gap.
        self._is_resuming = self._names_its_place
        if self._is_resuming:
            headers["Last-Event-ID"] = str(self._last_event_id)
        drafts = self._wanted.drafts and "drafts" in (self._offers.names or ())
        return Request(
            method="GET",
            path=self._wanted.path,
            query={"drafts": "true"} if drafts else {},
            headers=headers,
            parse=bytes,
        )

    def introduced(self) -> Steps[None]:
        """Describe how to learn what the server offers, where that is to be known and is not."""
        if self._wanted.drafts and self._offers.names is None:
            yield from sessions.get(self._wanted.session_id).answer()

    @property
    def _names_its_place(self) -> bool:
        last = self._last_event_id
        return bool(last) and str(last).isascii() and str(last).isprintable()

    def connected(self, response: httpx.Response) -> None:
        """Take note of a new connection.

        Raises:
            ApiError: It was refused.
            UnexpectedAnswerError: It is not an event stream.
        """
        if not response.is_success:
            self._breaks.wait_once(retry_after(response) or 0.0)
            raise api_error(response, self._secrets)
        self._begins, self._due = True, None
        self._connections += 1
        self._is_over = response.status_code == httpx.codes.NO_CONTENT
        if self._is_over:
            return
        content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type != "text/event-stream":
            raise UnexpectedAnswerError(
                f"GET {self._wanted.path}: expected an event stream,"
                f" not {content_type or 'an answer without a type'}."
            )
        self._frames = Frames()
        self._overtaken.stream_is_at(self._position)
        self._breaks.connected()
        self._notify("live")

    def caught_up(self) -> Steps[list[Event]]:
        """Describe how to find what the stream may leave out; returns it, in order."""
        if self._resumes and self._names_its_place and not self._is_over:
            return []
        if self._resumed_from is not None:
            return self.admit((yield from self._after_resumed(self._resumed_from)))
        if self._connections > 1 and not (yield from self._may_be_news()):
            return []
        listed = yield from self.ledger()
        self._due = self._first_due(listed)
        return self.admit(listed)

    def ledger(self, ahead: Iterable[Event] = ()) -> Steps[list[Event]]:
        """Describe how to list the ledger, if possible up to the events that are ahead of it."""
        wanted = max(map(_sequence_number, ahead), default=0)
        listed = yield from _listed.up_to_number(self._wanted.session_id, wanted)
        self._listed_to = max(map(_sequence_number, listed), default=0)
        return listed

    def read(self, chunk: bytes) -> Iterator[list[Event]]:
        """Decode the next bytes of the connection; what is no event is passed over.

        Yields:
            Events of the ledger, as many as follow on each other; drafts apart from them.

        Raises:
            StreamInterruptedError: A garbled event came before the stream's first event.
        """
        came, garbled = events_in(self._frames.feed(chunk))
        self._garbled = self._garbled or garbled
        if self._garbled and self._resumes and self._resumed_from is not None:
            # It may be the very first event, and only the list tells which one that is.
            self._resumes = None
            raise StreamInterruptedError(_GARBLED)
        if self._frames.retry is not None:
            self._breaks.wait_always(self._frames.retry)
        if not any(map(is_draft, came)):
            yield self._read(came)
            return
        for drafts, part in groupby(came, is_draft):
            if not drafts:
                yield self._read(list(part))
            elif self._wanted.drafts:
                yield list(part)

    def _read(self, events: list[Event]) -> list[Event]:
        if events and self._begins:
            self._begins = False
            events = self._begun_with(events)
        if events:
            self._overtaken.stream_is_at(events[-1].sequence_number)
        return self._passed(events) if self._resumed_from is not None else events

    def lacks(self, events: list[Event]) -> bool:
        """Whether events are missing between those admitted and these, or among them."""
        if events and is_draft(events[0]):
            return False
        if self._garbled:
            return True
        if not events or self._is_next(events):
            return False
        numbers = {event.sequence_number for event in events if event not in self._seen}
        ahead = {number for number in numbers if number > self._position}
        return bool(ahead) and max(ahead) - self._position != len(ahead)

    def check(self) -> None:
        """Make sure that nothing was lost with what was garbled.

        Raises:
            StreamInterruptedError: It may be; a new connection may do better, and is tried once.
        """
        garbled, self._garbled = self._garbled, False
        is_known = 0 < self._position <= self._listed_to
        if garbled and not is_known and self._garbled_at != self._position:
            self._garbled_at = self._position
            raise StreamInterruptedError(_GARBLED)

    def admit(self, events: Iterable[Event]) -> list[Event]:
        """Pick the events that are new, in ledger order, up to the end of the awaited message.

        Drafts are new, unless what became of them was admitted before them.
        """
        events = list(events)
        if events and is_draft(events[0]):
            return [draft for draft in events if draft not in self._overtaken]
        fresh = self._seen.fresh(events)
        if not fresh:
            return fresh
        fresh.sort(key=_sequence_number)
        if self._wanted.until is not None:
            fresh = self._up_to_the_end(fresh)
        self._overtaken.take(fresh)
        self._advance_to(fresh[-1])
        self._breaks.progressed()
        return fresh

    def pause(self, error: DariError | None) -> float:
        """Seconds to wait before the next connection, after this one ended.

        Args:
            error: Why it ended; ``None`` when the server just closed it.

        Raises:
            StreamInterruptedError: There was no progress for too long, or the server has no more
                events and the message has not ended.
            DariError: ``error`` itself, when trying again cannot help.
        """
        if error is not None and not may_pass(error):
            raise error
        if self._is_over and error is None:
            return self._ended()
        self._breaks.count(self._wanted.session_id, error)
        self._notify("reconnecting")
        return self._breaks.pause()

    def _ended(self) -> float:
        if self._wanted.until is not None:
            raise StreamInterruptedError(
                f"The server has no more events of {self._wanted.session_id} (204), and the"
                f" message {self._wanted.until} has not ended."
            )
        self.done = True
        return 0.0

    def _may_be_news(self) -> Steps[bool]:
        """Ask how the session stands, which is much less to fetch than its ledger."""
        try:
            session = yield from sessions.get(self._wanted.session_id).answer()
        except DariError:
            return True
        status = (session.status, session.last_message_id, session.last_message_status)
        before, self._status = self._status, status
        return session.last_message_status is None or status != before

    def _first_due(self, listed: list[Event]) -> Event | None:
        """The event that a stream without gaps would begin with, if it is listed."""
        known = self._position if self._names_its_place else 0
        return next((event for event in listed if event.sequence_number > known), None)

    def _begun_with(self, events: list[Event]) -> list[Event]:
        """Learn from a stream's first events how this server begins one."""
        first, due = events[0].sequence_number, self._due
        if self._resumes and self._resumed_from is not None:
            return self._gone_on(events)
        if due is not None and 0 < first <= due.sequence_number:
            self._resumes = self._resumes is not False
            if self._is_resuming:
                self._offers.resumes = first == due.sequence_number
        elif self._names_its_place and (due is not None or first > self._position + 1):
            self._resumes = self._offers.resumes = False
        return events if self._withheld is None else self._released(self._withheld, events)

    def _released(self, held: list[Event], events: list[Event]) -> list[Event]:
        """Put a list that was held back and a stream's first events together."""
        self._withheld = None
        first, last = events[0].sequence_number, held[-1].sequence_number
        replays = events[0].id in {event.id for event in held}
        if replays and not self._lists_all:
            return events
        self._resumed_from = None
        if replays or 0 < first == last + 1:
            # No list and no stream knows the event, so everything is new.
            return held + events
        # The list was too short to hold the event that this stream goes on after.
        return self._gone_on(events)

    def _gone_on(self, events: list[Event]) -> list[Event]:
        """Take a stream's first events for those right after the one that the caller had."""
        known = events[0].sequence_number - 1
        self._resumed_from = None
        self._position = max(0, known)
        self._seen.add_all_up_to(known)
        return events

    def _after_resumed(self, known: str) -> Steps[list[Event]]:
        """List what came after the event that the caller had before this stream began.

        Where the list does not hold that event it is held back, until the stream has told whether
        it goes on after it.
        """
        if self._withheld is not None:
            return []
        found = yield from _listed.up_to_event(self._wanted.session_id, known)
        listed, self._lists_all = found
        if known not in {event.id for event in listed}:
            self._withheld = listed or None
            self._resumed_from = known if listed else None
            return []
        after = self._passed(listed)
        self._due = self._first_due(after)
        return [] if self.done else after

    def _passed(self, events: list[Event]) -> list[Event]:
        """Leave out what the caller had: all up to the event that the stream resumes after."""
        for place, event in enumerate(events):
            self._seen.fresh([event])
            self._advance_to(event)
            self.done = self.done or self._ends(event)
            if event.id == self._resumed_from:
                self._resumed_from = None
                return events[place + 1 :]
        return []

    def _is_next(self, events: list[Event]) -> bool:
        first, last = events[0].sequence_number, events[-1].sequence_number
        return first == self._position + 1 and last == self._position + len(events)

    def _up_to_the_end(self, events: list[Event]) -> list[Event]:
        for index, event in enumerate(events):
            if self._ends(event):
                self.done = True
                return events[: index + 1]
        return events

    def _ends(self, event: Event) -> bool:
        return (
            event.type == ev.MESSAGE_STATUS_CHANGED
            and event.turn_id == self._wanted.until
            and event.data.get("status") in TERMINAL
        )

    def _advance_to(self, event: Event) -> None:
        if event.sequence_number >= self._position:
            self._position = event.sequence_number
            self._last_event_id = event.id

    def _notify(self, state: State) -> None:
        if state != self._state:
            self._state = state
            if self._wanted.on_state is not None:
                self._wanted.on_state(state)


def _sequence_number(event: Event) -> int:
    return event.sequence_number
