"""What frames are made of: whatever names sessions, as an ordered list of what is to be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ... import ids, models
from ...errors import InvalidRequestError
from ..agents.agent import Agent
from ..connection import Link, Linked
from ..sessions.recorded import RecordedSession
from ..sessions.session import Session
from ..sessions.transcript import Transcript
from ..sessions.turn import Turn
from .loading import Kind, M, Part

Source = Any
"""A session id, a ``Session``, a ``Turn``, an ``Agent``, a batch or its id, metadata to look
sessions up by (a dict), a ``Transcript``, a model object, or an iterable of these."""


def parts_of(source: Source, link: Callable[[], Link], kind: Kind[M]) -> Iterator[Part[M]]:
    """Resolve a source; lists of sessions are asked for, and nothing else.

    Args:
        source: What names sessions.
        link: Gives the connection for what knows none of its own.
        kind: What is to be read of them; objects of its type are taken as they are.

    Raises:
        InvalidRequestError: Something in it is neither a session nor names any.
    """
    for entry in entries_of(source):
        if isinstance(entry, kind.model):
            yield Part(given=[entry])
        elif isinstance(entry, Turn) and isinstance(entry.session, RecordedSession):
            yield replace(_recorded_part(entry.session, kind), message_id=_only(entry, kind))
        elif isinstance(entry, Turn):
            session = entry.session
            yield Part(session._link, session.id, message_id=_only(entry, kind))
        elif isinstance(entry, RecordedSession):
            yield _recorded_part(entry, kind)
        elif isinstance(entry, Session):
            yield _session_part(entry, kind)
        else:
            yield from _parts(entry, link, kind)


def _parts(entry: Any, link: Callable[[], Link], kind: Kind[M]) -> Iterable[Part[M]]:
    if isinstance(entry, models.Session):
        return [Part(link(), entry.id)]
    if isinstance(entry, Transcript):
        return [_transcript_part(entry, kind) or Part(link(), entry.resource.session.id)]
    if isinstance(entry, models.Batch):
        return [Part(link(), item.session_id) for item in entry.items if item.session_id]
    if isinstance(entry, str):
        return _named(entry, link, kind)
    if entry is None or isinstance(entry, Mapping | Agent):
        return _query(entry, link, kind)
    paid = getattr(entry, "_paid_session_ids", None)
    if paid is not None and kind.model is models.CostSummary:
        # A batch, whose failed attempts have cost something, too.
        return [Part(entry._link, session_id) for session_id in paid()]
    sessions = getattr(entry, "sessions", None)
    if isinstance(sessions, Iterable):
        return parts_of(list(sessions), link, kind)
    if hasattr(entry, "session_id"):
        # A cell of a batch; one that was never sent has no session.
        return parts_of([entry.session] if entry.session_id else [], link, kind)
    if isinstance(entry, Linked):
        return _query(entry, link, kind)
    raise InvalidRequestError(
        f"{entry!r} is neither a session nor a session id.", code="invalid_session"
    )


def _named(name: str, link: Callable[[], Link], kind: Kind[M]) -> Iterable[Part[M]]:
    if ids.is_session_id(name):
        return [Part(link(), name)]
    if name.startswith(ids.BATCH):
        return _parts(link().client.batches.get(name), link, kind)
    raise InvalidRequestError(
        f"{name!r} is neither a session id nor a batch id.", code="invalid_session"
    )


def _query(
    query: Linked | Agent | Mapping[str, Any] | None, link: Callable[[], Link], kind: Kind[M]
) -> Iterator[Part[M]]:
    """Ask for the sessions of a query, which tell how they stand now."""
    place = query._link if isinstance(query, Linked) else link()
    if isinstance(query, Agent):
        found = place.client.sessions.list(agent_id=query.id)
    elif isinstance(query, Mapping):
        metadata = {str(key): str(value) for key, value in query.items()}
        found = place.client.sessions.list(metadata=metadata)
    else:
        found = place.client.sessions.list()
    for resource in found:
        if isinstance(resource, kind.model):
            yield Part(given=[resource])
        else:
            yield Part(place, resource.id, resource=resource)


def _session_part(session: Session, kind: Kind[M]) -> Part[M]:
    latest = session._latest() if kind.model is models.Session else None
    if isinstance(latest, kind.model):
        return Part(given=[latest])
    return Part(session._link, session.id)


def _only(turn: Turn, kind: Kind[M]) -> str | None:
    return turn.id if kind.model in (models.Event, models.Message) else None


def _recorded_part(session: RecordedSession, kind: Kind[M]) -> Part[M]:
    return _transcript_part(session.recording, kind) or Part()


def _transcript_part(entry: Transcript, kind: Kind[M]) -> Part[M] | None:
    """Return what a recording holds; ``None`` for a snapshot of the server's."""
    return Part(given=entry.records(kind.model)) if entry.is_recording else None


def entries_of(source: Source) -> Iterable[Any]:
    """Return a source's entries, which is itself when it is a single one."""
    single = source is None or isinstance(source, str | Mapping | models.Batch)
    return [source] if single or not isinstance(source, Iterable) else source
