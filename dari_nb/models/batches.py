"""Session batches: many sessions started by one call (contract, section 11)."""

from __future__ import annotations

from typing import Any, Self

import msgspec

from ._base import Model, VariedModel
from .resources import TERMINAL

BATCH_TERMINAL = frozenset({"completed", "failed", "partial_failed"})
"""Batch statuses after which nothing more happens (contract, section 16)."""


class BatchItem(VariedModel, frozen=True, kw_only=True):
    """One session of a batch, or why there is none (contract, section 11).

    Attributes:
        index: Its place in the batch, from 0.
        session_id: ``None`` when the session could not be created; ``error`` says why.
        transcript_url: A path that begins with ``/v1``.
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


class Batch(Model, frozen=True, kw_only=True):
    """A batch as it stands (contract, section 11).

    Attributes:
        id: The batch's id, which the API calls ``batch_id``.
        status: ``queued``, ``running``, ``completed``, ``failed`` or ``partial_failed``.
        items: Its sessions, in the order of their ``index``.
        counts: How many items are ``queued``, ``running``, ``completed`` and ``failed``; empty
            when the server does not tell.
    """

    id: str = msgspec.field(name="batch_id")
    status: str = ""
    items: list[BatchItem] = msgspec.field(default_factory=list, name="sessions")
    counts: dict[str, int] = msgspec.field(default_factory=dict)

    @property
    def is_terminal(self) -> bool:
        """Whether all items have ended, well or not."""
        return self.status in BATCH_TERMINAL

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Read the batch, each item keeping its own unknown fields."""
        sent = enumerate(data.get("sessions") or [])
        items = [BatchItem.from_dict({"index": place, **item}) for place, item in sent]
        return cls(
            id=msgspec.convert(data.get("batch_id") or data["id"], str),
            status=str(data.get("status") or ""),
            items=sorted(items, key=lambda item: item.index),
            counts=msgspec.convert(data.get("counts") or {}, dict[str, int], strict=False),
            _wire=data,
        )

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """Decode, then read as :meth:`from_dict` does."""
        return cls.from_dict(msgspec.json.decode(body, type=dict[str, Any]))
