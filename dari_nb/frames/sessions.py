"""One row a session."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from ..models import Session
from .kinds import JSON, NAME, TEXT, TIME, category
from .messages import MESSAGE_STATUS
from .tables import Table, by_row, with_metadata


def sessions_frame(
    sessions: Iterable[Session], *, metadata: Iterable[str] | None = None
) -> pd.DataFrame:
    """Make a frame of sessions (contract, section 5).

    Args:
        sessions: The sessions; each is one row, in the order given.
        metadata: Keys to spread over columns ``metadata.<key>``, which are there even when no
            session has them. By default all keys that occur; ``()`` for none.

    Returns:
        The session's fields, its ``metadata`` as JSON text, and the columns of its keys, so that
        ``frame.groupby("metadata.task_id")`` works at once. For dtypes see :data:`SESSIONS`.

    >>> session = Session(id="sess_1", status="idle", metadata={"task_id": "7"})
    >>> sessions_frame([session])["metadata.task_id"].tolist()
    ['7']
    """
    sessions = list(sessions)
    return with_metadata(SESSIONS.frame(sessions), [s.metadata for s in sessions], metadata)


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
        session.created_at,
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
        "created_at": TIME,
        "metadata": JSON,
    },
    by_row(_row),
)
"""The columns of :func:`sessions_frame` that are always there."""
