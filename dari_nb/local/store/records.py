"""What the store keeps, as typed rows, and the shape in which the API shows each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from ...models import Content, Event

JsonObject = dict[str, Any]

FIRST_ORG = "org_local"
"""Id of the organization that a server begins with."""
ENV_NAME = "[A-Z_][A-Z0-9_]*"
"""Pattern of the names of secrets and credentials, which are variables in a sandbox."""
RUNTIME = {"type": "runtime", "id": "local"}
PLATFORM = {"type": "platform", "id": "local"}
OF_TAPE = "of_tape"
"""The field of a manifest that was made of a tape: the hash of its prompt, as the tape tells it."""


def file_ids(content: Content) -> list[str]:
    """Return the ids of the files and images that some content refers to, each once."""
    found = (block.get("file_id") for block in content if block.get("type") in ("file", "image"))
    return list(dict.fromkeys(file_id for file_id in found if isinstance(file_id, str)))


class Payload(NamedTuple):
    """An event before it has its place in a ledger."""

    type: str
    data: JsonObject
    message_id: str | None = None
    source: str = "platform"
    actor: JsonObject | None = None


class Copy(NamedTuple):
    """An event of another session, or of a recording, before it has its place in a ledger.

    Attributes:
        payload: The event, with the ids that things have there.
        created_at: When it happened.
        origin: Where it happened: ``session_id``, ``event_id`` and ``message_id``; ``None`` for
            that of a recording.
    """

    payload: Payload
    created_at: str
    origin: JsonObject | None = None


@dataclass(frozen=True, kw_only=True)
class AgentRecord:
    """An agent and the version that new sessions get."""

    id: str
    name: str
    active_version_id: str
    created_at: str
    org_id: str = FIRST_ORG
    deleted_at: str | None = None

    def to_wire(self) -> JsonObject:
        """Return the agent object (contract, section 4)."""
        return {
            "id": self.id,
            "name": self.name,
            "active_version_id": self.active_version_id,
            "created_at": self.created_at,
            "deleted_at": self.deleted_at,
        }


@dataclass(frozen=True, kw_only=True)
class VersionRecord:
    """One version of an agent; ``manifest`` has the fields of ``dari.yml``."""

    id: str
    agent_id: str
    manifest: JsonObject
    created_at: str
    snapshot_id: str | None = None
    archive_sha256: str | None = None
    size_bytes: int | None = None

    @property
    def llms(self) -> list[str]:
        """The ``llm_id`` options of the manifest."""
        return list((self.manifest.get("llm") or {}).get("options", ()))

    @property
    def default_llm(self) -> str | None:
        """The option that a session gets when it names none."""
        default: str | None = (self.manifest.get("llm") or {}).get("default")
        return default

    @property
    def code(self) -> str | None:
        """What tells the function of a version that is one from others, where anything does."""
        return None if self.snapshot_id else self.manifest.get("function")

    @property
    def is_of_tape(self) -> bool:
        """Whether it is what a tape tells of an agent, which plays and cannot be asked."""
        return OF_TAPE in self.manifest

    @property
    def internet_access(self) -> bool:
        """What a session gets that does not say whether it wants the internet."""
        return bool(self._sandbox.get("internet_access", False))

    @property
    def storage_binding(self) -> str | None:
        """Name of the storage binding that sessions get, if the manifest names one."""
        name: str | None = self._sandbox.get("storage_binding")
        return name

    @property
    def _sandbox(self) -> JsonObject:
        return self.manifest.get("sandbox") or {}

    def to_wire(self, active_version_id: str | None) -> JsonObject:
        """Return the version object; without an archive, it has no digest and no size."""
        wire: JsonObject = {
            "id": self.id,
            "agent_id": self.agent_id,
            "is_active": self.id == active_version_id,
            "created_at": self.created_at,
        }
        if self.archive_sha256 is not None:
            wire |= {"archive_sha256": self.archive_sha256, "size_bytes": self.size_bytes}
        return wire


@dataclass(frozen=True, kw_only=True)
class SessionRecord:
    """A session; its three status fields follow from its ledger and are kept beside it."""

    id: str
    agent_id: str
    version_id: str
    llm_id: str | None = None
    name: str | None = None
    internet_access: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)
    status: str = "idle"
    last_message_id: str | None = None
    last_message_status: str | None = None
    created_at: str
    storage_binding_id: str | None = None
    last_message_stop_reason: str | None = None

    def to_wire(self) -> JsonObject:
        """Return the session object (contract, sections 5 and 18.5)."""
        reason = self.last_message_stop_reason
        return {
            "id": self.id,
            "name": self.name,
            "agent_id": self.agent_id,
            "version_id": self.version_id,
            "llm_id": self.llm_id,
            "storage_binding_id": self.storage_binding_id,
            "internet_access": self.internet_access,
            "status": self.status,
            "last_message_id": self.last_message_id,
            "last_message_status": self.last_message_status,
            "created_at": self.created_at,
            "metadata": dict(self.metadata),
            **({"last_message_stop_reason": reason} if reason else {}),
        }


@dataclass(frozen=True, kw_only=True)
class FileRecord:
    """An uploaded file without its bytes."""

    id: str
    filename: str
    size_bytes: int
    org_id: str = FIRST_ORG

    def to_wire(self) -> JsonObject:
        """Return the file object (contract, section 2)."""
        return {"id": self.id, "filename": self.filename, "size_bytes": self.size_bytes}


class EventRecord(NamedTuple):
    """One row of a ledger; ``actor`` and ``data`` are JSON text as they are stored.

    So is ``copied_from``, which a copy has in a session that began as a fork.
    """

    session_id: str
    sequence_number: int
    message_id: str | None
    type: str
    source: str
    actor: str
    data: str
    created_at: str
    copied_from: str | None = None

    @property
    def id(self) -> str:
        """The event's id, which contains its session and its place."""
        return f"{self.session_id}:evt_{self.sequence_number}"

    def to_wire(self) -> JsonObject:
        """Return the event object (contract, section 8); the payload is passed on undecoded."""
        wire: JsonObject = {
            "id": self.id,
            "session_id": self.session_id,
            "sequence_number": self.sequence_number,
            "message_id": self.message_id,
            "type": self.type,
            "source": self.source,
            "actor": msgspec.Raw(self.actor.encode()),
            "data": msgspec.Raw(self.data.encode()),
            "created_at": self.created_at,
        }
        if self.copied_from is not None:
            wire["copied_from"] = msgspec.Raw(self.copied_from.encode())
        return wire

    @property
    def origin(self) -> JsonObject | None:
        """Where it happened, if this is a copy (contract, section 18.4)."""
        return None if self.copied_from is None else msgspec.json.decode(self.copied_from)

    def to_event(self) -> Event:
        """Return the event as the fold takes it."""
        return Event(
            id=self.id,
            session_id=self.session_id,
            sequence_number=self.sequence_number,
            message_id=self.message_id,
            type=self.type,
            source=self.source,
            actor=msgspec.json.decode(self.actor),
            data=msgspec.json.decode(self.data),
            created_at=self.created_at,
            copied_from=self.origin,
        )


@dataclass(frozen=True, kw_only=True)
class BatchRecord:
    """A session batch."""

    id: str
    org_id: str


@dataclass(frozen=True, kw_only=True)
class BatchItemRecord:
    """One item of a batch: its session and first message, or the error that it failed with."""

    agent_id: str
    version_id: str | None
    llm_id: str | None
    metadata: Mapping[str, str]
    session_id: str | None = None
    message_id: str | None = None
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class WebhookRecord:
    """The webhook of an agent."""

    url: str
    event_types: list[str]
    secret: str = field(repr=False)


def sequence_of(event_id: str, session_id: str) -> int | None:
    """Return the place that an event id of this session names, or ``None`` for any other text.

    >>> sequence_of("sess_1:evt_12", "sess_1"), sequence_of("evt_12", "sess_1")
    (12, None)
    """
    head, _, number = event_id.partition(":evt_")
    if head != session_id or not (number.isascii() and number.isdigit()) or len(number) > 15:
        return None
    return int(number)


def manifest_of(
    name: str,
    *,
    description: str = "",
    llms: Sequence[str] = (),
    default: str | None = None,
    instructions: str | None = None,
    function: str | None = None,
) -> JsonObject:
    """Make a version's manifest with the fields of ``dari.yml`` (contract, section 15).

    ``function`` is what tells the function of an agent that is one from others.
    """
    manifest: JsonObject = {"name": name, "harness": "local"}
    if description:
        manifest["description"] = description
    if instructions:
        manifest["instructions"] = {"system": instructions}
    if llms:
        options = {llm: {"model": llm} for llm in llms}
        manifest["llm"] = {"default": default or llms[0], "options": options}
    if function:
        manifest["function"] = function
    return manifest
