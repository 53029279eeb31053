"""Finds the sessions of a run again, by the metadata they carry (contract, section 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .... import models
from ....models.batches import RUN_METADATA
from ..cells import Attempt, Column

if TYPE_CHECKING:
    from ....client import AsyncClient

MOST_REPEATS = 1_000
"""How often a task may go to a column."""
_DIGITS = 9


@dataclass(frozen=True)
class Found:
    """A session of a run: which cell it belongs to, and the attempt that it is.

    Attributes:
        agent_id: Id of the agent.
        task_index: The task's place.
        task_key: The task's key.
        column: The LLM option and version.
        repeat: Which repetition.
        attempt: The attempt as far as the session tells.
        metadata: The user's own metadata.
    """

    agent_id: str
    task_index: int
    task_key: str
    column: Column
    repeat: int
    attempt: Attempt
    metadata: dict[str, str]


async def find_run(client: AsyncClient, run_id: str) -> list[Found]:
    """Return the sessions of a run that tell their cell, oldest first."""
    sessions = await client.sessions.list(metadata={"managed_run_id": run_id})
    # Asked once more here, since a server may not know the filter.
    own = [s for s in sessions if (s.metadata or {}).get("managed_run_id") == run_id]
    found = [entry for session in own if (entry := found_in(session)) is not None]
    return sorted(found, key=lambda entry: entry.attempt.created_at or "")


def found_in(session: models.Session) -> Found | None:
    """Read which cell a session belongs to; ``None`` when it was not made by a batch."""
    metadata = {str(key): str(value) for key, value in (session.metadata or {}).items()}
    task_key = metadata.get("task_key")
    numbers = [_number(metadata.get(name)) for name in ("task_index", "repeat", "attempt")]
    task_index, repeat, number = numbers
    if task_key is None or task_index is None or repeat is None or not number:
        return None
    if repeat >= MOST_REPEATS:
        return None  # a number that no batch gives must not make a matrix that fills the memory
    return Found(
        agent_id=session.agent_id or "",
        task_index=task_index,
        task_key=task_key,
        column=Column(metadata.get("llm_id"), metadata.get("version_id")),
        repeat=repeat,
        attempt=_attempt(number, session, metadata),
        metadata={key: value for key, value in metadata.items() if key not in RUN_METADATA},
    )


def _attempt(number: int, session: models.Session, metadata: dict[str, str]) -> Attempt:
    return Attempt(
        number,
        state=session.last_message_status or "queued",
        chunk_key=metadata.get("chunk_key"),
        session_id=session.id or None,
        created_at=session.created_at,
    )


def _number(text: str | None) -> int | None:
    is_number = text is not None and text.isascii() and text.isdigit() and len(text) <= _DIGITS
    return int(text or "") if is_number else None
