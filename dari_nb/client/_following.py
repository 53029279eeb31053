"""The course of one event stream, free of I/O: what is new, what is missing, when to try again."""

from __future__ import annotations

import time
from collections.abc import Iterable

import httpx
import msgspec

from ..errors import (
    ApiError,
    BadRequestError,
    ConnectionFailedError,
    DariError,
    StreamInterrupted,
    TimedOutError,
    UnexpectedAnswerError,
    UnprocessableEntityError,
)
from ..models import TERMINAL, Event
from ..models import events as ev
from ._answers import api_error
from ._request import Request, State, Steps, StreamRequest
from ._retry import RETRIED_STATUSES, Reconnect, jittered, retry_after
from ._secrets import Secrets
from ._sse import EventSourceDecoder
from .endpoints import sessions

_LONGEST_SERVER_PAUSE = 60.0


class Following:
    """Follows one session's events across connections.

    On each connection the driver asks in this order: :meth:`request`, :meth:`connected`,
    :meth:`caught_up` with the ledger's list, then for each chunk :meth:`read`, :meth:`lacks` and
    :meth:`admit`; after a break, :meth:`pause`.

    Attributes:
        done: Whether the message that was waited for has ended.
    """

    def __init__(self, wanted: StreamRequest, policy: Reconnect, secrets: Secrets) -> None:
        self.done = False
        self.policy = policy
        self._wanted = wanted
        self._secrets = secrets
        self._last_event_id = wanted.last_event_id
        self._resumed_from = wanted.last_event_id
        self._state: State | None = None
        self._seen: set[str] = set()
        self._position = 0
        self._decoder = EventSourceDecoder()
        self._fruitless = 0
        self._connected_at: float | None = None
        self._server_pause = 0.0
        self._asked_pause = 0.0

    def request(self) -> Request[bytes]:
        """Describe the next connection."""
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        last = self._last_event_id
        # An id that no header can hold is left out; the events list closes the gap.
        if last and last.isascii() and last.isprintable():
            headers["Last-Event-ID"] = last
        return Request(method="GET", path=self._wanted.path, headers=headers, parse=bytes)

    def ledger(self, ahead: Iterable[Event] = ()) -> Steps[list[Event]]:
        """Describe how to fetch the ledger, if possible up to the events that are ahead of it.

        A server that lists only so many events by default is asked for more (U5).
        """
        listed = yield from sessions.events(self._wanted.session_id)
        wanted = max(map(_sequence_number, ahead), default=0)
        if not listed or _sequence_number(listed[-1]) >= wanted:
            return listed
        try:
            return (yield from sessions.events(self._wanted.session_id, limit=wanted))
        except (BadRequestError, UnprocessableEntityError):
            return listed

    def connected(self, response: httpx.Response) -> None:
        """Take note of a new connection.

        Raises:
            ApiError: It was refused.
            UnexpectedAnswerError: It is not an event stream.
        """
        if not response.is_success:
            self._asked_pause = retry_after(response) or 0.0
            raise api_error(response, self._secrets)
        content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type != "text/event-stream":
            raise UnexpectedAnswerError(
                f"GET {self._wanted.path}: expected an event stream,"
                f" not {content_type or 'an answer without a type'}."
            )
        self._decoder = EventSourceDecoder()
        self._connected_at = time.monotonic()
        self._tell("live")

    def caught_up(self, listed: list[Event]) -> list[Event]:
        """Reconcile with the ledger's list; returns the events that are new here, in order."""
        return self.admit(self._after_resumed(listed))

    def read(self, chunk: bytes) -> list[Event]:
        """Decode the next bytes of the connection.

        Raises:
            StreamInterrupted: They are garbled; a new connection may do better.
        """
        payloads = self._decoder.feed(chunk)
        if self._decoder.retry is not None:
            self._server_pause = self._decoder.retry / 1000
        try:
            return [Event.from_json(payload) for payload in payloads]
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return [event for payload in payloads for event in _tolerantly(payload)]

    def lacks(self, events: list[Event]) -> bool:
        """Whether events are missing between those admitted and these."""
        if not events or self._is_next(events):
            return False
        numbers = {event.sequence_number for event in events if event.id not in self._seen}
        ahead = {number for number in numbers if number > self._position}
        return bool(ahead) and max(ahead) - self._position != len(ahead)

    def admit(self, events: Iterable[Event]) -> list[Event]:
        """Pick the events that are new, in ledger order, up to the end of the awaited message."""
        fresh = self._unseen(events)
        if not fresh:
            return fresh
        fresh.sort(key=_sequence_number)
        if self._wanted.until is not None:
            fresh = self._up_to_the_end(fresh)
        self._advance_to(fresh[-1])
        self._fruitless = 0
        return fresh

    def pause(self, error: DariError | None) -> float:
        """Seconds to wait before the next connection, after this one ended.

        Args:
            error: Why it ended; ``None`` when the server just closed it.

        Raises:
            StreamInterrupted: There was no progress for too long.
            DariError: ``error`` itself, when trying again cannot help.
        """
        if error is not None and not _may_pass(error):
            raise error
        if self._held():
            self._fruitless = 0
        self._fruitless += 1
        if self._fruitless >= self.policy.tries:
            raise StreamInterrupted(
                f"The event stream of {self._wanted.session_id} broke {self._fruitless} times"
                f" in a row without news: {error or 'the server closed it'}"
            )
        self._connected_at = None
        self._tell("reconnecting")
        return self._next_pause()

    def _next_pause(self) -> float:
        asked, self._asked_pause = max(self._server_pause, self._asked_pause), 0.0
        jitter = jittered(self._fruitless, self.policy.first_pause, self.policy.longest_pause)
        return max(jitter, min(asked, _LONGEST_SERVER_PAUSE))

    def _after_resumed(self, listed: list[Event]) -> list[Event]:
        """Leave out what the caller had before this stream began."""
        ids = [event.id for event in listed] if self._resumed_from else []
        if self._resumed_from not in ids:
            return listed
        start = ids.index(self._resumed_from) + 1
        self._resumed_from = None
        for event in listed[:start]:
            self._seen.add(event.id)
            self._advance_to(event)
            self.done = self.done or self._ends(event)
        return [] if self.done else listed[start:]

    def _unseen(self, events: Iterable[Event]) -> list[Event]:
        seen, fresh = self._seen, []
        for event in events:
            if event.id not in seen:
                seen.add(event.id)
                fresh.append(event)
        return fresh

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

    def _held(self) -> bool:
        since = self._connected_at
        return since is not None and time.monotonic() - since >= self.policy.longest_pause

    def _tell(self, state: State) -> None:
        if state != self._state:
            self._state = state
            if self._wanted.on_state is not None:
                self._wanted.on_state(state)


def _sequence_number(event: Event) -> int:
    return event.sequence_number


def _tolerantly(payload: bytes) -> list[Event]:
    """Read one payload: none for JSON that is no event of the ledger, such as a ping's."""
    try:
        return [Event.from_json(payload)]
    except msgspec.ValidationError:
        return []
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise StreamInterrupted("an event was garbled on its way") from None


def _may_pass(error: DariError) -> bool:
    if isinstance(error, ApiError):
        return error.status in RETRIED_STATUSES or error.status >= 500
    return isinstance(error, ConnectionFailedError | TimedOutError | StreamInterrupted)
