"""The frames over whatever names sessions: ids, objects, lists of them, or nothing for all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from .. import models
from ..errors import InvalidRequestError
from ..ids import is_session_id
from .connection import current
from .dari import Dari
from .session import Session
from .turn import Turn

if TYPE_CHECKING:
    import pandas as pd

M = TypeVar("M", models.Event, models.Message)

Source = Any
"""A session id, a ``Session``, a ``Turn``, a model object, or an iterable of these."""


def sessions_frame(source: Source = None, *, dari: Dari | None = None) -> pd.DataFrame:
    """Load sessions as a DataFrame, one row a session.

    Args:
        source: Session ids or objects, one or many; all sessions when left out.
        dari: The connection for ids; the current one when left out.

    Returns:
        Columns and dtypes as in :func:`dari_nb.frames.sessions_frame`, the same when empty.

    >>> dari.sessions_frame(d.sessions.list(metadata={"task_id": "0"}))  # doctest: +SKIP
    """
    from .. import frames

    return frames.sessions_frame([s.latest() for s in _sessions(source, dari or current())])


def messages_frame(source: Source = None, *, dari: Dari | None = None) -> pd.DataFrame:
    """Load messages as a DataFrame, one row a message; arguments as in :func:`sessions_frame`."""
    from .. import frames

    messages = _gather(source, dari, models.Message, lambda s: s.messages(), lambda m: m.id)
    return frames.messages_frame(messages)


def events_frame(source: Source = None, *, dari: Dari | None = None) -> pd.DataFrame:
    """Load events as a DataFrame, one row an event; arguments as in :func:`sessions_frame`."""
    from .. import frames

    return frames.events_frame(_events(source, dari))


def tool_calls_frame(source: Source = None, *, dari: Dari | None = None) -> pd.DataFrame:
    """Load tool calls as a DataFrame, one row a call; arguments as in :func:`sessions_frame`."""
    from .. import frames

    return frames.tool_calls_frame(_events(source, dari))


def _events(source: Source, dari: Dari | None) -> list[models.Event]:
    return _gather(source, dari, models.Event, lambda s: s.events(), lambda e: e.turn_id)


def _gather(
    source: Source,
    dari: Dari | None,
    kind: type[M],
    load: Callable[[Session], list[M]],
    turn_id: Callable[[M], str | None],
) -> list[M]:
    """Take objects of the wanted kind as they are, and load the others' from their sessions."""
    rows: list[M] = []
    for entry in _entries(source):
        if isinstance(entry, kind):
            rows.append(entry)
        elif isinstance(entry, Turn):
            rows += [row for row in load(entry.session) if turn_id(row) == entry.id]
        else:
            for session in _sessions(entry, dari or current()):
                rows += load(session)
    return rows


def _sessions(source: Source, dari: Dari) -> Iterator[Session]:
    for entry in _entries(source):
        if entry is None:
            yield from dari.sessions.list()
        elif isinstance(entry, Session):
            yield entry
        elif isinstance(entry, Turn):
            yield entry.session
        elif isinstance(entry, models.Session):
            yield Session(dari, entry)
        elif isinstance(entry, str) and is_session_id(entry):
            yield dari.sessions.get(entry)
        else:
            raise InvalidRequestError(f"{entry!r} is neither a session nor a session id.")


def _entries(source: Source) -> Iterable[Any]:
    single = source is None or isinstance(source, str) or not isinstance(source, Iterable)
    return [source] if single else source
