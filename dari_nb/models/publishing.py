"""What publishing goes through, and what comes out (contract, sections 3 and 4)."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from ._base import VariedModel, part


class Snapshot(VariedModel, frozen=True, kw_only=True):
    """A source snapshot: an archive that is reserved, uploaded, checked (contract, section 3).

    Attributes:
        id: The snapshot's id.
        status: ``pending_upload``, ``ready`` or ``failed``.
        failure_reason: Why it failed, such as a checksum that does not match.
        upload_url: Where the archive goes; only in the answer to ``create``.
        upload_headers: The headers to send it with.
        expires_at: When the upload is no longer taken.
    """

    _hidden: ClassVar[frozenset[str]] = frozenset({"upload_url", "upload_headers"})

    id: str
    status: str = ""
    failure_reason: str | None = None
    upload_url: str | None = None
    upload_headers: dict[str, str] = msgspec.field(default_factory=dict)
    expires_at: str | None = None

    @classmethod
    def _settled(cls, data: dict[str, Any]) -> dict[str, Any]:
        headers = data.get("upload_headers")
        if isinstance(headers, dict):
            told = {name: value for name, value in headers.items() if value is not None}
            headers = {name: str(value) for name, value in told.items()}
        named = data.get("source_snapshot_id") or data.get("id")
        return {**data, "id": named, "upload_headers": headers}


class SnapshotManifest(VariedModel, frozen=True, kw_only=True):
    """The ``dari.yml`` of a snapshot as the server reads it (contract, sections 3 and 15).

    Attributes:
        id: The snapshot's id.
        manifest: What stands in ``dari.yml``.
        system_prompt: The system prompt's text, if there is one.
    """

    id: str
    manifest: dict[str, Any] = msgspec.field(default_factory=dict)
    system_prompt: str | None = None

    @classmethod
    def _settled(cls, data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "id": data.get("source_snapshot_id") or data.get("id") or ""}


class PublishResult(VariedModel, frozen=True, kw_only=True):
    """The agent and its new version, active at once (contract, section 4).

    Servers name the two in several ways (U8); here they are always these. What a server does not
    tell at all is empty.

    Attributes:
        agent_id: The agent; empty when the server does not tell.
        version_id: Its new version.
        agent_url: Where people find it, when the server tells.
    """

    agent_id: str = ""
    version_id: str | None = None
    agent_url: str | None = None

    @classmethod
    def _settled(cls, data: dict[str, Any]) -> dict[str, Any]:
        agent, version = part(data, "agent"), part(data, "version")
        return {
            **data,
            "agent_id": data.get("agent_id") or agent.get("id") or data.get("id"),
            "version_id": data.get("version_id")
            or version.get("id")
            or data.get("active_version_id")
            or agent.get("active_version_id"),
        }


class BundleFile(VariedModel, frozen=True, kw_only=True):
    """A file of a version's bundle (contract, section 4).

    Attributes:
        path: Its path in the bundle, with slashes.
        size_bytes: Its size in bytes, when the server tells.
    """

    path: str
    size_bytes: int | None = None

    @classmethod
    def _settled(cls, data: dict[str, Any]) -> dict[str, Any]:
        size = data.get("size_bytes", data.get("size"))
        return {**data, "path": data.get("path") or data.get("name"), "size_bytes": size}
