"""The course of one event stream, free of I/O: what is new, what is missing, when to try again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

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
from ._address import CONNECT_TIMEOUT
from ._answers import api_error
from ._request import Request, Steps, path_of
from ._retry import RETRIED_STATUSES, jittered, retry_after
from ._secrets import Secrets
from ._sse import EventSourceDecoder
from .endpoints import sessions

State = Literal["live", "reconnecting"]

_LONGEST_SERVER_PAUSE = 60.0


@dataclass(frozen=True, kw_only=True)
class Reconnect:
    """How a stream deals with breaks.

    Attributes:
        keep_alive: Seconds without a byte after which a connection counts as dead.
        tries: Connections in a row without progress after which the stream gives up. Progress is
            a new event, or a connection that held for ``longest_pause``.
        first_pause: Seconds before the first reconnect, at most; doubled for each further one.
        longest_pause: Upper bound of a pause, in seconds, unless the server asks for more.
    """

    keep_alive: float = 90.0
    tries: int = 10
    first_pause: float = 0.1
    longest_pause: float = 10.0

    @property
    def timeout(self) -> httpx.Timeout:
        """The timeouts of a stream's connection."""
        return httpx.Timeout(self.keep_alive, connect=CONNECT_TIMEOUT)


class Following:
    """Follows one session's events across connections.

    On each connection the driver asks in this order: :meth:`request`, :meth:`connected`,
    :meth:`caught_up` with the ledger's list, then for each chunk :meth:`read`, :meth:`lacks` and
    :meth:`admit`; after a break, :meth:`pause`.

    Attributes:
        done: Whether the message that was waited for has ended.
    """

    def __init__(
        self,
        session_id: str,
        *,
        last_event_id: str | None,
        until: str | None,
        on_state: Callable[[State], object] | None,
        policy: Reconnect,
        secrets: Secrets,
    ) -> None:
        self.done = False
        self.policy = policy
        self._session_id = session_id
        self._path = path_of("sessions", session_id, "stream")
        self._last_event_id = last_event_id
        self._resumed_from = last_event_id
        self._until = until
        self._on_state = on_state
        self._secrets = secrets
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
        return Request(method="GET", path=self._path, headers=headers, parse=bytes)

    def ledger(self, ahead: Iterable[Event] = ()) -> Steps[list[Event]]:
        """Describe how to fetch the ledger, if possible up to the events that are ahead of it.

        A server that lists only so many events by default is asked for more (U5).
        """
        listed = yield from sessions.events(self._session_id)
        wanted = max(map(_sequence_number, ahead), default=0)
        if not listed or _sequence_number(listed[-1]) >= wanted:
            return listed
        try:
            return (yield from sessions.events(self._session_id, limit=wanted))
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
                f"GET {self._path}: expected an event stream, not {content_type or 'no type'}."
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
        if self._until is not None:
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
                f"The event stream of {self._session_id} broke {self._fruitless} times in a row"
                f" without news: {error or 'the server closed it'}"
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
        ids = [event.id for event in listed]
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
            and event.turn_id == self._until
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
            if self._on_state is not None:
                self._on_state(state)


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
