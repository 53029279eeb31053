"""One row a session."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd

from ..models import Session
from ..models.batches import given_metadata
from .costs import DOLLARS, dollars
from .kinds import INTEGER, JSON, NAME, TEXT, TIME, category, texts
from .messages import MESSAGE_STATUS, STOP_REASON
from .tables import Table, by_row, with_metadata


def sessions_frame(
    sessions: Iterable[Session], *, metadata: str | Iterable[str] | None = None
) -> pd.DataFrame:
    """Make a frame of sessions (contract, section 5).

    Args:
        sessions: The sessions; each is one row, in the order given.
        metadata: Keys, or one, to spread over columns ``metadata.<key>``, which are there even
            when no session has them. By default all keys that occur; ``()`` for none.

    Returns:
        The session's fields, its ``metadata`` as JSON text, and the columns of its keys, so that
        ``frame.groupby("metadata.task_id")`` works at once. ``forked_from`` is the session of which
        it is a fork. For dtypes see :data:`SESSIONS`.

    >>> from dari_nb.models import Session
    >>> session = Session(id="sess_1", status="idle", metadata={"task_id": "7"})
    >>> dari.frames.sessions_frame([session])["metadata.task_id"].tolist()
    ['7']
    """
    sessions = list(sessions)
    return with_metadata(SESSIONS.frame(sessions), [s.metadata for s in sessions], metadata)


def listed_sessions_frame(
    sessions: Sequence[Session],
    *,
    agents: Sequence[str],
    first_messages: Sequence[str | None],
    turns: Sequence[int | None],
    costs: Sequence[Decimal | None],
) -> pd.DataFrame:
    """Make a frame of listed sessions: that of :func:`sessions_frame`, with what a list tells.

    ``agent``, ``first_message``, ``turns`` and ``cost_usd`` stand behind the name; each has a
    value for each session. Of a run's metadata only what people gave is spread over columns.

    Args:
        sessions: The sessions.
        agents: Names of their agents.
        first_messages: What was asked first; ``None`` where it is not known.
        turns: How many turns they have, where that is known.
        costs: US dollars, where they are known.

    >>> dari.frames.listed_sessions_frame(
    ...     [session.resource], agents=["echo"], first_messages=["Hi"], turns=[1], costs=[None]
    ... )["first_message"].to_list()
    ['Hi']
    """
    given = [given_metadata(session.metadata) for session in sessions]
    frame = with_metadata(SESSIONS.frame(sessions), given, None)
    told = {
        "agent": NAME.array([NAME.piece(agents)]),
        "first_message": texts(list(first_messages)),
        "turns": INTEGER.array([list(turns)]),
        "cost_usd": DOLLARS.array([[dollars(cost) for cost in costs]]),
    }
    for place, (name, values) in enumerate(told.items(), 2):
        frame.insert(place, name, values)
    return frame


def _row(session: Session) -> tuple[Any, ...]:
    return (
        session.id,
        session.name,
        session.agent_id,
        session.version_id,
        session.llm_id,
        session.status,
        session.last_message_id,
        session.last_message_status,
        session.last_message_stop_reason,
        session.created_at,
        (session.metadata or {}).get("forked_from"),
        session.metadata,
    )


SESSIONS = Table(
    {
        "session_id": TEXT,
        "name": TEXT,
        "agent_id": TEXT,
        "version_id": TEXT,
        "llm_id": NAME,
        "status": category("idle", "running"),
        "last_message_id": TEXT,
        "last_message_status": MESSAGE_STATUS,
        "last_message_stop_reason": STOP_REASON,
        "created_at": TIME,
        "forked_from": TEXT,
        "metadata": JSON,
    },
    by_row(_row),
)
"""The columns of :func:`sessions_frame` that are always there."""
