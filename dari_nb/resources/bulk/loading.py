"""Reading many sessions at once, in order, without reading anything twice."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from ... import models
from ...client import Client, fetch_many
from ...errors import DariError, InvalidRequestError
from ..connection import Link
from ..connection.progress import Progress
from .cache import CachedSession, State, keeping_of

M = TypeVar("M", bound=models.Event | models.Message | models.Session | models.CostSummary)

OnError = Literal["raise", "skip"]
_FLEETING_LAST = 300.0
_MOST_NAMED = 3


class Kind(NamedTuple, Generic[M]):
    """What is read of sessions.

    Attributes:
        model: The type of its objects.
        read: Makes such an object of JSON.
        load: Reads the objects of one session.
        state: Tells from the objects of a session in which state that was; ``None`` while
            something may still come.
        is_fleeting: Whether it changes without a trace in the session, so that it is kept only
            for the same call after an interrupt.
    """

    model: type[M]
    read: Callable[[bytes], M]
    load: Callable[[Client, str], Sequence[M]]
    state: Callable[[Sequence[M]], State | None] = lambda _: None
    is_fleeting: bool = False

    @property
    def name(self) -> str:
        """Under which it is kept."""
        return self.model.__name__


@dataclass
class Part(Generic[M]):
    """A part of what was asked for: a session to read, or objects that are there.

    Attributes:
        link: The connection to read it from.
        session_id: The session to read.
        given: The objects, when there is nothing to read.
        resource: The session as it stood a moment ago, if that is known.
        message_id: Only what belongs to this message.
    """

    link: Link | None = None
    session_id: str | None = None
    given: Sequence[M] = ()
    resource: models.Session | None = None
    message_id: str | None = None


class Loading(Generic[M]):
    """Reads parts, several at once, and gives their objects in the order of the parts.

    What was read of a session that has ended is kept, so that the same call after an interrupt or
    an error goes on where it was, and the next frame of the same sessions asks only whether there
    is something new.

    Args:
        kind: What to read.
        parts: The parts.
        on_error: ``skip`` leaves out sessions that cannot be read, with a warning.
        refresh: Read everything again.
        progress: Whether to tell how far it is.

    Attributes:
        skipped: Why sessions are left out, by their id.
    """

    def __init__(
        self,
        kind: Kind[M],
        parts: Iterable[Part[M]],
        *,
        on_error: OnError = "raise",
        refresh: bool = False,
        progress: bool = True,
    ) -> None:
        if on_error not in ("raise", "skip"):
            raise InvalidRequestError(
                f'on_error is "raise" or "skip", not {on_error!r}.', code="invalid_on_error"
            )
        self.skipped: dict[str, str] = {}
        self._kind = kind
        self._parts = list(parts)
        self._on_error = on_error
        self._refresh = refresh
        self._progress = progress

    def __iter__(self) -> Generator[M, None, None]:
        total = sum(part.session_id is not None for part in self._parts)
        arrived: dict[int, Sequence[M] | CachedSession] = {}
        with (
            Progress(total, "sessions", shown=self._progress) as progress,
            closing(self._results()) as results,
        ):
            for place, part in enumerate(self._parts):
                while part.session_id is not None and place not in arrived:
                    found, result = next(results)
                    # What comes early waits packed: as objects it would take much more room.
                    early = _cached(self._kind, self._parts[found]) if found > place else None
                    arrived[found] = early or result
                    progress.advance()
                yield from self._rows(part, arrived.pop(place, part.given))

    def conclude(self) -> None:
        """Say what is left out, and forget what is kept for an interrupted call only."""
        if self._kind.is_fleeting:
            for part in self._parts:
                if part.link is not None:
                    keeping_of(part.link).drop(self._kind.name, str(part.session_id))
        if self.skipped:
            named = [f"{key}: {why}" for key, why in list(self.skipped.items())[:_MOST_NAMED]]
            more = ["…"] if len(self.skipped) > _MOST_NAMED else []
            count = f"{len(self.skipped)} of {len(self._parts)} sessions"
            text = "\n".join([f"{count} could not be read and are left out.", *named, *more])
            warnings.warn(text, stacklevel=4)

    def _results(self) -> Generator[tuple[int, Sequence[M] | CachedSession], None, None]:
        """Give the place of each part that is read, and what was read of it, as it comes."""
        places = [n for n, part in enumerate(self._parts) if part.session_id is not None]
        main = next((part.link for part in self._parts if part.link is not None), None)
        if main is None:
            return
        calls = [self._call(self._parts[place], main) for place in places]
        if len(calls) == 1:
            yield places[0], self._taken(self._parts[places[0]], _result_of(calls[0], main.client))
            return
        with fetch_many(main.client, calls) as results:
            for n, result in results:
                yield places[n], self._taken(self._parts[places[n]], result)

    def _call(self, part: Part[M], main: Link) -> Callable[[Client], Sequence[M] | CachedSession]:
        kind, session_id = self._kind, str(part.session_id)
        kept = None if self._refresh else _cached(kind, part)

        def call(client: Client) -> Sequence[M] | CachedSession:
            if part.link is not None and part.link is not main:
                client = part.link.client
            if kept is not None and _is_valid(kept, part, client):
                return kept
            rows = kind.load(client, session_id)
            # Here and not where results are taken, so that an interrupt loses none.
            _keep(kind, part, rows)
            return rows

        return call

    def _taken(
        self, part: Part[M], result: Sequence[M] | CachedSession | DariError
    ) -> Sequence[M] | CachedSession:
        if not isinstance(result, DariError):
            return result
        if self._on_error == "raise":
            raise result
        self.skipped[str(part.session_id)] = str(result)
        return ()

    def _rows(self, part: Part[M], found: Sequence[M] | CachedSession) -> Iterable[M]:
        rows = map(self._kind.read, found.lines) if isinstance(found, CachedSession) else found
        if part.message_id is None:
            return rows
        return (row for row in rows if _turn_id(row) == part.message_id)


def _keep(kind: Kind[M], part: Part[M], rows: Sequence[M]) -> None:
    """Keep what was just read of a session that has ended, and nothing older of any other."""
    state = kind.state(rows)
    if part.link is None:
        return
    if state is not None or kind.is_fleeting:
        keeping_of(part.link).put(kind.name, str(part.session_id), rows, state)
    else:
        keeping_of(part.link).drop(kind.name, str(part.session_id))


def _cached(kind: Kind[M], part: Part[M]) -> CachedSession | None:
    return keeping_of(part.link).get(kind.name, str(part.session_id)) if part.link else None


def _result_of(call: Callable[[Client], Any], client: Client) -> Any:
    try:
        return call(client)
    except DariError as error:
        return error


def _is_valid(cached: CachedSession, part: Part[M], client: Client) -> bool:
    """Whether a session is as it was when it was read."""
    if cached.state is None:
        return time.monotonic() - cached.at < _FLEETING_LAST
    now = part.resource or client.sessions.get(str(part.session_id))
    is_idle = now.status in ("", "idle")
    return is_idle and (now.last_message_id, now.last_message_status) == cached.state


def _turn_id(row: Any) -> str | None:
    return row.turn_id if isinstance(row, models.Event) else row.id


def _events_state(events: Sequence[models.Event]) -> State | None:
    status, messages = None, dict[str, str | None]()
    for event in events:
        if event.type == models.events.SESSION_STATUS_CHANGED:
            status = event.data.get("status")
        elif event.turn_id is not None:
            messages.setdefault(event.turn_id, None)
            if event.type == models.events.MESSAGE_STATUS_CHANGED:
                messages[event.turn_id] = event.data.get("status")
    return _settled(messages) if status == "idle" else None


def _messages_state(messages: Sequence[models.Message]) -> State | None:
    return _settled({message.id: message.status for message in messages})


def _settled(messages: dict[str, str | None]) -> State | None:
    if not messages or not set(messages.values()) <= models.TERMINAL:
        return None
    return list(messages.items())[-1]


EVENTS = Kind(
    models.Event,
    models.Event.from_json,
    lambda client, session_id: client.sessions.events(session_id),
    _events_state,
)
MESSAGES = Kind(
    models.Message,
    models.Message.from_json,
    lambda client, session_id: client.sessions.messages(session_id),
    _messages_state,
)
SESSIONS = Kind(
    models.Session,
    models.Session.from_json,
    lambda client, session_id: [client.sessions.get(session_id)],
    is_fleeting=True,
)
COSTS = Kind(
    models.CostSummary,
    models.CostSummary.from_json,
    lambda client, session_id: [client.costs.session(session_id)],
    is_fleeting=True,
)
