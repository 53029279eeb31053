"""Source snapshots and publishing, without HTTP (contract, sections 3 and 4)."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from ..models import format_time, parse_time
from .backend import Backend
from .bundle import MAX_ARCHIVE, BundleError, read_bundle
from .manifest import ManifestError, read_manifest
from .records import FIRST_ORG, AgentRecord, JsonObject, VersionRecord
from .resources import Refusal
from .store import Store
from .store.snapshots import SnapshotRecord
from .tooling import tool_notes

UPLOAD_SECONDS = 900
"""Seconds for which an upload address holds."""


def reserve(backend: Backend, sha256: str, size_bytes: int, metadata: JsonObject) -> SnapshotRecord:
    """Make a snapshot that waits for its archive."""
    if size_bytes > MAX_ARCHIVE:
        raise Refusal(413, f"The archive is larger than {MAX_ARCHIVE} bytes")
    expires_at = format_time(datetime.now(UTC) + timedelta(seconds=UPLOAD_SECONDS))
    org_id = backend.org_id or FIRST_ORG
    return backend.store.add_snapshot(org_id, sha256, size_bytes, metadata, expires_at)


def upload_headers(snapshot: SnapshotRecord) -> dict[str, str]:
    """The headers with which the archive has to be sent."""
    return {"Content-Type": "application/gzip", "x-dari-content-sha256": snapshot.sha256}


def expecting_upload(backend: Backend, token: str) -> SnapshotRecord:
    """The snapshot that waits at this upload address."""
    snapshot = backend.store.snapshot_to_upload(token)
    if snapshot is None:
        raise Refusal(404, "No such upload address")
    expires_at = parse_time(snapshot.expires_at)
    if expires_at is None or expires_at < datetime.now(UTC):
        raise Refusal(403, "The upload address has expired")
    if snapshot.status != "pending_upload":
        raise Refusal(409, f"The snapshot is {snapshot.status} already")
    return snapshot


def find(backend: Backend, snapshot_id: str) -> SnapshotRecord:
    """The snapshot of this id, or a 404; another organization's is a 403."""
    snapshot = backend.store.snapshot(snapshot_id)
    if snapshot is None:
        raise Refusal(404, f"No source snapshot {snapshot_id!r}")
    backend.check_owner(snapshot.org_id, "source snapshot", snapshot_id)
    return snapshot


def finalize(backend: Backend, snapshot_id: str) -> SnapshotRecord:
    """Look at what was uploaded and settle the snapshot; a settled one stays as it is."""
    snapshot = find(backend, snapshot_id)
    if snapshot.status == "pending_upload":
        failure = _failure(snapshot, backend.store.archive(snapshot_id))
        backend.store.settle_snapshot(snapshot_id, failure)
    return find(backend, snapshot_id)


def _failure(snapshot: SnapshotRecord, archive: bytes | None) -> str | None:
    if archive is None:
        return "No archive was uploaded"
    if len(archive) != snapshot.size_bytes:
        return f"Size did not match: {len(archive)} bytes, not {snapshot.size_bytes}"
    digest = hashlib.sha256(archive).hexdigest()
    if not secrets.compare_digest(digest, snapshot.sha256):
        return f"Checksum did not match: {digest}"
    return None


async def manifest_of(backend: Backend, snapshot_id: str) -> tuple[JsonObject, str]:
    """A snapshot's checked manifest with its system prompt; a flaw is a 400."""
    manifest, prompt, _ = await _read(backend, snapshot_id)
    return manifest, prompt


async def _read(backend: Backend, snapshot_id: str) -> tuple[JsonObject, str, list[str]]:
    """Manifest, system prompt, and what cannot run here."""
    snapshot = find(backend, snapshot_id)
    if snapshot.status != "ready":
        raise Refusal(400, f"The source snapshot is not ready: {snapshot.status}")

    def read() -> tuple[JsonObject, str, list[str]]:
        try:
            files = read_bundle(backend.store.archive(snapshot_id) or b"")
            manifest, prompt = read_manifest(files)
        except (BundleError, ManifestError) as error:
            raise Refusal(400, str(error)) from None
        return manifest, prompt, tool_notes(manifest, files)

    # In a thread: a large archive would hold up the streams of everybody.
    return await asyncio.to_thread(read)


async def publish(
    backend: Backend, snapshot_id: str, agent_id: str | None = None
) -> tuple[VersionRecord, list[str]]:
    """Make a snapshot the active version of an agent: of this one, or of the manifest's name.

    Returns:
        The version, and what of it cannot run here.
    """
    if agent_id:
        backend.live_agent(agent_id)
    manifest, _, notes = await _read(backend, snapshot_id)
    org_id = backend.org_id or FIRST_ORG
    name = str(manifest["name"])
    _check_binding(backend.store, org_id, manifest)
    with backend.store.transaction():
        # Both may have been deleted while the archive was read.
        find(backend, snapshot_id)
        agent = backend.live_agent(agent_id) if agent_id else None
        agent = agent or backend.store.agent_named(name, org_id)
        version = backend.store.add_version(
            agent, name, manifest, snapshot_id=snapshot_id, org_id=org_id
        )
    return version, notes


def _check_binding(store: Store, org_id: str, manifest: JsonObject) -> None:
    name = (manifest.get("sandbox") or {}).get("storage_binding")
    if name and store.storage_binding_named(org_id, name) is None:
        raise Refusal(
            400, f"dari.yml, sandbox.storage_binding: the organization has no binding {name!r}"
        )


def route_models(backend: Backend, agent: AgentRecord, router_id: str) -> VersionRecord:
    """Publish the active version again, its models chosen by a router."""
    active = backend.version(agent.id, agent.active_version_id)
    backing = {"kind": "router", "router_id": router_id}
    manifest = {**active.manifest, "model_backend": backing}
    return backend.store.add_version(
        agent, agent.name, manifest, snapshot_id=active.snapshot_id, org_id=agent.org_id
    )
