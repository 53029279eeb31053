"""What publishing goes through, and what comes out (contract, sections 3 and 4)."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from ._base import VariedModel


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
        headers = data.get("upload_headers") or {}
        return {
            **data,
            "id": data.get("source_snapshot_id") or data["id"],
            "upload_headers": {name: str(value) for name, value in headers.items()},
        }


class SnapshotManifest(VariedModel, frozen=True, kw_only=True):
    """The ``dari.yml`` of a snapshot as the server reads it (contract, sections 3 and 15)."""

    id: str
    manifest: dict[str, Any] = msgspec.field(default_factory=dict)
    system_prompt: str | None = None

    @classmethod
    def _settled(cls, data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "id": data.get("source_snapshot_id") or data.get("id") or ""}


class PublishResult(VariedModel, frozen=True, kw_only=True):
    """The agent and its new version, active at once (contract, section 4).

    Servers name the two in several ways (U8); here they are always these.
    """

    agent_id: str
    version_id: str | None = None
    agent_url: str | None = None

    @classmethod
    def _settled(cls, data: dict[str, Any]) -> dict[str, Any]:
        agent, version = _object(data, "agent"), _object(data, "version")
        return {
            **data,
            "agent_id": data.get("agent_id") or agent.get("id") or data["id"],
            "version_id": data.get("version_id")
            or version.get("id")
            or data.get("active_version_id")
            or agent.get("active_version_id"),
        }


class BundleFile(VariedModel, frozen=True, kw_only=True):
    """A file of a version's bundle (contract, section 4). ``size_bytes`` is in bytes."""

    path: str
    size_bytes: int | None = None

    @classmethod
    def _settled(cls, data: dict[str, Any]) -> dict[str, Any]:
        size = data.get("size_bytes", data.get("size"))
        return {**data, "path": data.get("path") or data["name"], "size_bytes": size}


def _object(data: dict[str, Any], key: str) -> dict[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}
