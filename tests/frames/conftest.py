"""Events in the shape of the API, made step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dari_nb.models import Event

EventMaker = Callable[..., Event]


@pytest.fixture
def event() -> EventMaker:
    """Make the next event of a session: ``event("user.message", {...}, message="msg_1")``."""
    numbers: dict[str, int] = {}

    def make(
        kind: str,
        data: dict[str, Any] | None = None,
        *,
        message: str | None = "msg_1",
        session: str = "sess_1",
        **fields: Any,
    ) -> Event:
        number = numbers[session] = numbers.get(session, 0) + 1
        return Event.from_dict(
            {
                "id": f"{session}:evt_{number}",
                "session_id": session,
                "sequence_number": number,
                "message_id": message,
                "type": kind,
                "source": "runtime",
                "data": data or {},
                "created_at": f"2026-05-18T12:00:{number:02}.250Z",
                **fields,
            }
        )

    return make
