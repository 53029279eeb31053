"""Resources of the API as the server sends them (contract, sections 2, 4, 5, 6, 7)."""

from __future__ import annotations

from typing import Any, Self

import msgspec

from ._base import Model
from .content import Content, text_of
from .events import Event

TERMINAL = frozenset({"completed", "failed"})
"""Message statuses after which nothing more happens (contract, section 16)."""


class File(Model, frozen=True, kw_only=True):
    """An uploaded file (contract, section 2). ``size_bytes`` is in bytes."""

    id: str
    filename: str = ""
    size_bytes: int | None = None


class Agent(Model, frozen=True, kw_only=True):
    """An agent (contract, section 4)."""

    id: str
    name: str = ""
    active_version_id: str | None = None
    created_at: str | None = None
    deleted_at: str | None = None


class AgentVersion(Model, frozen=True, kw_only=True):
    """One immutable version of an agent (contract, section 4)."""

    id: str
    agent_id: str | None = None
    is_active: bool | None = None
    archive_sha256: str | None = None
    size_bytes: int | None = None
    created_at: str | None = None

    @property
    def llms(self) -> list[str]:
        """The ``llm_id`` that a session can choose; empty when the server does not tell."""
        wire = self.to_dict()
        if isinstance(wire.get("llms"), list):
            return [str(name) for name in wire["llms"]]
        manifest = wire.get("manifest")
        llm = manifest.get("llm") if isinstance(manifest, dict) else None
        options = llm.get("options") if isinstance(llm, dict) else None
        return list(options) if isinstance(options, dict) else []


class Session(Model, frozen=True, kw_only=True):
    """A durable conversation with one version of an agent (contract, section 5)."""

    id: str
    name: str | None = None
    agent_id: str | None = None
    version_id: str | None = None
    llm_id: str | None = None
    storage_binding_id: str | None = None
    internet_access: bool | None = None
    status: str = ""
    last_message_id: str | None = None
    last_message_status: str | None = None
    created_at: str | None = None
    metadata: dict[str, Any] | None = None


class MessageOutput(Model, frozen=True, kw_only=True):
    """What an agent did in one turn, in the order it happened (contract, section 7)."""

    parts: list[dict[str, Any]] = msgspec.field(default_factory=list)
    error: Any = None


class Message(Model, frozen=True, kw_only=True):
    """One user turn with the agent's answer (contract, section 7)."""

    id: str
    session_id: str | None = None
    sequence_number: int | None = None
    parts: Content = msgspec.field(default_factory=list)
    metadata: dict[str, Any] | None = None
    status: str = ""
    attempt: int | None = None
    output: MessageOutput | None = None
    created_at: str | None = None
    completed_at: str | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether the turn has ended, well or not."""
        return self.status in TERMINAL

    @property
    def text(self) -> str:
        """The agent's texts, joined with blank lines."""
        return text_of(self.output.parts) if self.output else ""


class SendResult(Model, frozen=True, kw_only=True):
    """The answer to a sent event: the event, its message and the session (contract, section 6)."""

    event: Event
    message: Message | None
    session: Session

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Read the three parts, each keeping its own unknown fields."""
        message = data.get("message")
        return cls(
            event=Event.from_dict(data["event"]),
            message=Message.from_dict(message) if message else None,
            session=Session.from_dict(data["session"]),
            _wire=data,
        )

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """Decode, then read as :meth:`from_dict` does."""
        return cls.from_dict(msgspec.json.decode(body, type=dict[str, Any]))
