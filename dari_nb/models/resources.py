"""Resources of the API as the server sends them (contract, sections 2, 4, 5, 6, 7)."""

from __future__ import annotations

from typing import Any, Self

import msgspec

from ._base import Model, Whole, part
from .content import Content, reasoning_of, text_of
from .events import CANCELLED, Event
from .times import seconds_between
from .usage import tokens_in

TERMINAL = frozenset({"completed", "failed"})
"""Message statuses after which nothing more happens (contract, section 16)."""
STATUSES = ("queued", "running", "waiting_for_tool", "completed", "failed")
"""All message statuses."""


class File(Model, frozen=True, kw_only=True):
    """An uploaded file (contract, section 2).

    Attributes:
        id: Its id, ``file_…``.
        filename: Its name for the agent.
        size_bytes: Its size in bytes.
    """

    id: str
    filename: str = ""
    size_bytes: int | None = None


class Agent(Model, frozen=True, kw_only=True):
    """An agent (contract, section 4).

    Attributes:
        id: Its id, ``agt_…``.
        name: Its name, unique in the organization.
        active_version_id: The version of new sessions; ``None`` when there is none.
        created_at: ISO 8601, UTC.
        deleted_at: When it was deleted, ISO 8601; ``None`` while it is there.
    """

    id: str
    name: str = ""
    active_version_id: str | None = None
    created_at: str | None = None
    deleted_at: str | None = None


class AgentVersion(Model, frozen=True, kw_only=True):
    """One immutable version of an agent (contract, section 4).

    Attributes:
        id: Its id, ``ver_…``.
        agent_id: Its agent.
        is_active: Whether new sessions use it.
        archive_sha256: The bundle's digest, lowercase hex.
        size_bytes: The bundle's size in bytes.
        created_at: ISO 8601, UTC.
        refused: Why it takes no new session; ``None`` where it does, or nothing tells.
    """

    id: str
    agent_id: str | None = None
    is_active: bool | None = None
    archive_sha256: str | None = None
    size_bytes: int | None = None
    created_at: str | None = None
    refused: str | None = None

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
    """A durable conversation with one version of an agent (contract, section 5).

    Attributes:
        id: Its id, ``sess_…``.
        name: A label for people.
        agent_id: Its agent.
        version_id: The agent's version that it keeps.
        llm_id: The LLM option that was chosen.
        storage_binding_id: The bucket that is mounted.
        internet_access: Whether its sandbox reaches the internet.
        status: A word of the contract, section 16.
        last_message_id: Its last message; ``None`` before the first.
        last_message_status: That message's status.
        last_message_stop_reason: ``max_tokens`` when its answer was cut off.
        created_at: ISO 8601, UTC.
        metadata: Texts by name.
    """

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
    last_message_stop_reason: str | None = None
    created_at: str | None = None
    metadata: dict[str, Any] | None = None


class MessageOutput(Model, frozen=True, kw_only=True):
    """What an agent did in one turn, in the order it happened (contract, section 7).

    Attributes:
        parts: Content blocks and tool calls, as the API has them.
        error: Why the turn failed; ``None`` when it did not.
        stop_reason: ``max_tokens`` when the answer was cut off (contract, section 18.5).
        max_tokens: The limit that cut it off, where that is known.
    """

    parts: list[dict[str, Any]] = msgspec.field(default_factory=list)
    error: Any = None
    stop_reason: Any = msgspec.UNSET
    max_tokens: Any = msgspec.UNSET


class Message(Model, frozen=True, kw_only=True):
    """One user turn with the agent's answer (contract, section 7).

    Attributes:
        id: Its id, ``msg_…``.
        session_id: Its session.
        sequence_number: Its place in the session, from 1.
        parts: What was sent: content blocks.
        metadata: What was sent with it.
        status: A word of the contract, section 16.
        attempt: Which try the agent is at, from 1.
        output: The answer; ``None`` before there is one.
        created_at: ISO 8601, UTC.
        started_at: When it was first worked on, where the server tells, as local Dari does.
        completed_at: When the turn ended, ISO 8601.
        copied_from: Where it happened, in a session that began as a fork (contract, section 18.4):
            an object of ``session_id`` and ``message_id``.
        usage: The tokens that the turn took, where the server tells them (contract, section 18.6).
    """

    id: str
    session_id: str | None = None
    sequence_number: int | None = None
    parts: Content = msgspec.field(default_factory=list)
    metadata: dict[str, Any] | None = None
    status: str = ""
    attempt: int | None = None
    output: MessageOutput | None = None
    created_at: str | None = None
    started_at: Any = msgspec.UNSET
    completed_at: str | None = None
    copied_from: Any = msgspec.UNSET
    usage: Any = msgspec.UNSET

    @property
    def tokens(self) -> dict[str, int]:
        """What ``usage`` tells, as far as it can be read; empty where nobody told."""
        return tokens_in(self.usage)

    @property
    def latency_s(self) -> float | None:
        """How long it was worked on: what it waited before does not count where that is told."""
        started_at = self.started_at if isinstance(self.started_at, str) else None
        return seconds_between(started_at or self.created_at, self.completed_at)

    @property
    def original_id(self) -> str | None:
        """The message of which it is a copy, in the session where that was sent."""
        found = self.copied_from.get("message_id") if isinstance(self.copied_from, dict) else None
        return found if isinstance(found, str) else None

    @property
    def is_terminal(self) -> bool:
        """Whether the turn has ended, well or not."""
        return self.status in TERMINAL

    @property
    def is_cancelled(self) -> bool:
        """Whether it failed because somebody ended it (contract, section 18.3)."""
        error = self.output.error if self.output else None
        return self.status == "failed" and error == CANCELLED

    @property
    def stop_reason(self) -> str | None:
        """``max_tokens`` when the answer was cut off; ``None`` when it ended by itself."""
        reason = self.output.stop_reason if self.output else None
        return reason if isinstance(reason, str) else None

    @property
    def text(self) -> str:
        """The agent's texts, joined with blank lines."""
        return text_of(self.output.parts) if self.output else ""

    @property
    def reasoning(self) -> str:
        """What the agent's model thought (contract, section 18.2); empty where nothing is known."""
        return reasoning_of(self.output.parts) if self.output else ""


class SendResult(Whole, frozen=True, kw_only=True):
    """The answer to a sent event: the event, its message and the session (contract, section 6).

    Attributes:
        event: The event as it was recorded; ``None`` when the server does not tell.
        message: The message that the event belongs to, if any.
        session: The session; only its ``id`` when the server does not tell more.
    """

    event: Event | None
    message: Message | None
    session: Session

    @classmethod
    def _read(cls, data: dict[str, Any]) -> Self:
        event = data if "event" not in data and "type" in data else part(data, "event")
        message, session = part(data, "message"), part(data, "session")
        tellers = (event, message, data)
        told = (one.get("session_id") for one in tellers if one.get("session_id"))
        owner = session.get("id") or next(told, None)
        return cls(
            event=Event.from_dict(event) if event.get("id") else None,
            message=Message.from_dict(message) if message.get("id") else None,
            session=Session.from_dict({**session, "id": owner} if owner else session),
        )

    @property
    def message_id(self) -> str | None:
        """The id of the message, wherever the server tells it."""
        if self.message is not None:
            return self.message.id
        told = self.event.turn_id if self.event is not None else None
        return told or self.session.last_message_id
