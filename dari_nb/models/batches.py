"""Session batches: many sessions started by one call (contract, section 11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import msgspec

from ._base import VariedModel, Whole, parts
from .resources import TERMINAL

BATCH_TERMINAL = frozenset({"completed", "failed", "partial_failed"})
"""Batch statuses after which nothing more happens (contract, section 16)."""


class BatchItem(VariedModel, frozen=True, kw_only=True):
    """One session of a batch, or why there is none (contract, section 11).

    Attributes:
        index: Its place in the batch, from 0.
        session_id: ``None`` when the session could not be created; ``error`` says why.
        transcript_url: A path that begins with ``/v1``.
        status: ``queued``, ``running``, ``completed`` or ``failed``.
        last_message_status: The message's status.
        agent_id: The agent.
        version_id: Its version.
        llm_id: The LLM option.
        metadata: The session's metadata.
        error: Why there is no session, or why its turn failed.
    """

    index: int
    session_id: str | None = None
    status: str = ""
    last_message_status: str | None = None
    agent_id: str | None = None
    version_id: str | None = None
    llm_id: str | None = None
    metadata: dict[str, Any] | None = None
    transcript_url: str | None = None
    error: Any = None

    @classmethod
    def _settled(cls, data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "session_id": data.get("session_id") or None}

    @property
    def is_failed(self) -> bool:
        """Whether it was not created, or its turn failed."""
        statuses = (self.status, self.last_message_status)
        return "failed" in statuses or bool(self.error)

    @property
    def is_terminal(self) -> bool:
        """Whether nothing more happens to it."""
        return self.is_failed or self.status in TERMINAL


class Batch(Whole, frozen=True, kw_only=True):
    """A batch as it stands (contract, section 11).

    Attributes:
        id: The batch's id, which the API calls ``batch_id``; empty when the server does not tell.
        status: ``queued``, ``running``, ``completed``, ``failed`` or ``partial_failed``.
        items: Its sessions, in the order of their ``index``.
        counts: How many items are ``queued``, ``running``, ``completed`` and ``failed``; empty
            when the server does not tell.
    """

    id: str = msgspec.field(default="", name="batch_id")
    status: str = ""
    items: list[BatchItem] = msgspec.field(default_factory=list, name="sessions")
    counts: dict[str, int] = msgspec.field(default_factory=dict)

    @property
    def is_terminal(self) -> bool:
        """Whether all items have ended, well or not."""
        return self.status in BATCH_TERMINAL

    @classmethod
    def _settled(cls, data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "batch_id": data.get("batch_id") or data.get("id")}

    @classmethod
    def _read(cls, data: dict[str, Any]) -> Self:
        sent = enumerate(parts(data.get("sessions")))
        items = [BatchItem.from_dict(_placed(item, place)) for place, item in sent]
        counts = msgspec.convert(data.get("counts") or {}, dict[str, int | None], strict=False)
        return cls(
            id=msgspec.convert(cls._settled(data)["batch_id"] or "", str),
            status=msgspec.convert(data.get("status") or "", str),
            items=sorted(items, key=lambda item: item.index),
            counts={name: count for name, count in counts.items() if count is not None},
        )


def _placed(item: dict[str, Any], place: int) -> dict[str, Any]:
    return item if item.get("index") is not None else {**item, "index": place}


RUN_METADATA = frozenset(
    {
        "managed_run_id",
        "task_index",
        "llm_id",
        "version_id",
        "repeat",
        "attempt",
        "task_key",
        "chunk_key",
    }
)
"""Metadata by which a run finds its sessions again."""

RUN_DIGESTS = frozenset({"task_key", "chunk_key"})
"""Those that say nothing to people."""


def run_id_in(metadata: Mapping[str, Any] | None) -> str | None:
    """Return the name of the run that a session belongs to, when it was made by one.

    >>> run_id_in({"managed_run_id": "triage", "task_key": "1f", "task_index": "0"})
    'triage'
    """
    told = metadata or {}
    is_ours = {"managed_run_id", "task_key", "task_index"} <= told.keys()
    return str(told["managed_run_id"]) if is_ours else None


def given_metadata(
    metadata: Mapping[str, Any] | None, reserved: frozenset[str] = RUN_METADATA
) -> dict[str, Any]:
    """Return a session's metadata without what a run keeps there for itself.

    >>> given_metadata({"lesson": "2", "chunk_key": "mine"})
    {'lesson': '2', 'chunk_key': 'mine'}
    """
    told = dict(metadata or {})
    if run_id_in(told) is None:
        return told
    return {key: value for key, value in told.items() if key not in reserved}
