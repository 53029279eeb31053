"""Source snapshots and publishing, without HTTP (contract, sections 3 and 4)."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ...bundles import Bundle
from ...errors import InvalidRequestError
from ...models import format_time, parse_time
from ..bundles.allowances import NO_INTERNET
from ..bundles.archive import MAX_ARCHIVE, MAX_UNPACKED, BundleError, read_bundle
from ..bundles.manifest import ManifestError, read_manifest
from ..store import Store
from ..store.records import FIRST_ORG, AgentRecord, JsonObject, VersionRecord
from ..store.schema import now
from ..store.snapshots import SnapshotRecord
from ..tools import notes_on
from . import Access, Refusal

_log = logging.getLogger(__name__)

UPLOAD_SECONDS = 900
"""Seconds for which an upload address holds."""


def reserve(access: Access, sha256: str, size_bytes: int, metadata: JsonObject) -> SnapshotRecord:
    """Make a snapshot that waits for its archive."""
    if size_bytes > MAX_ARCHIVE:
        raise Refusal(413, f"The archive is larger than {MAX_ARCHIVE} bytes")
    expires_at = format_time(datetime.now(UTC) + timedelta(seconds=UPLOAD_SECONDS))
    org_id = access.owner
    return access.store.add_snapshot(org_id, sha256, size_bytes, metadata, expires_at)


def upload_headers(snapshot: SnapshotRecord) -> dict[str, str]:
    """The headers with which the archive has to be sent."""
    return {"Content-Type": "application/gzip", "x-dari-content-sha256": snapshot.sha256}


def expecting_upload(access: Access, token: str) -> SnapshotRecord:
    """The snapshot that waits at this upload address."""
    snapshot = access.store.snapshot_to_upload(token)
    if snapshot is None:
        raise Refusal(404, "No such upload address")
    expires_at = parse_time(snapshot.expires_at)
    if expires_at is None or expires_at < datetime.now(UTC):
        raise Refusal(403, "The upload address has expired")
    if snapshot.status != "pending_upload":
        raise Refusal(409, f"The snapshot is {snapshot.status} already")
    return snapshot


def find(access: Access, snapshot_id: str) -> SnapshotRecord:
    """The snapshot of this id, or a 404; another organization's is a 403."""
    snapshot = access.store.snapshot(snapshot_id)
    if snapshot is None:
        raise Refusal(404, f"No source snapshot {snapshot_id!r}")
    access.check_owner(snapshot.org_id, "source snapshot", snapshot_id)
    return snapshot


def finalize(access: Access, snapshot_id: str) -> SnapshotRecord:
    """Look at what was uploaded and settle the snapshot; a settled one stays as it is."""
    snapshot = find(access, snapshot_id)
    if snapshot.status == "pending_upload":
        failure = _failure(snapshot, access.store.archive(snapshot_id))
        access.store.settle_snapshot(snapshot_id, failure)
    return find(access, snapshot_id)


def _failure(snapshot: SnapshotRecord, archive: bytes | None) -> str | None:
    if archive is None:
        return "No archive was uploaded"
    if len(archive) != snapshot.size_bytes:
        return f"Size did not match: {len(archive)} bytes, not {snapshot.size_bytes}"
    digest = hashlib.sha256(archive).hexdigest()
    if not secrets.compare_digest(digest, snapshot.sha256):
        return f"Checksum did not match: {digest}"
    return None


def delete(access: Access, snapshot_id: str) -> None:
    """Forget a snapshot; a 409 when a version is made of it."""
    snapshot = find(access, snapshot_id)
    if access.store.is_snapshot_used(snapshot.id):
        raise Refusal(409, "in use")
    access.store.delete_snapshot(snapshot.id)


async def manifest_of(access: Access, snapshot_id: str) -> tuple[JsonObject, str]:
    """A snapshot's checked manifest with its system prompt; a flaw is a 400."""
    manifest, prompt, _ = await _read(access, snapshot_id)
    return manifest, prompt


async def _read(access: Access, snapshot_id: str) -> tuple[JsonObject, str, list[str]]:
    """Manifest, system prompt, and what cannot run here."""
    snapshot = find(access, snapshot_id)
    if snapshot.status != "ready":
        raise Refusal(400, f"The source snapshot is not ready: {snapshot.status}")

    def read() -> tuple[JsonObject, str, list[str]]:
        try:
            files = read_bundle(access.store.archive(snapshot_id) or b"")
            manifest, prompt = read_manifest(files)
        except (BundleError, ManifestError) as error:
            raise Refusal(400, str(error)) from None
        return manifest, prompt, notes_on(manifest, files)

    # In a thread: a large archive would hold up the streams of everybody.
    return await asyncio.to_thread(read)


async def publish(
    access: Access, snapshot_id: str, agent_id: str | None = None
) -> tuple[VersionRecord, list[str]]:
    """Make a snapshot the active version of an agent: of this one, or of the manifest's name.

    Returns:
        The version, and what of it cannot run here.
    """
    if agent_id:
        access.live_agent(agent_id)
    manifest, _, notes = await _read(access, snapshot_id)
    org_id = access.owner
    name = str(manifest["name"])
    _check_binding(access.store, org_id, manifest)
    notes += _refused(access, manifest)
    with access.store.transaction():
        # Both may have been deleted while the archive was read.
        find(access, snapshot_id)
        agent = access.live_agent(agent_id) if agent_id else None
        agent = agent or access.store.agent_named(name, org_id)
        version = access.store.add_version(
            agent, name, manifest, snapshot_id=snapshot_id, org_id=org_id
        )
    return version, notes


def _refused(access: Access, manifest: JsonObject) -> list[str]:
    """What the manifest asks for and its sessions do not get."""
    wants = (manifest.get("sandbox") or {}).get("internet_access")
    if not wants or access.service.allowances.of(access.owner).internet_access:
        return []
    return [f"sandbox.internet_access: {NO_INTERNET}"]


def _check_binding(store: Store, org_id: str, manifest: JsonObject) -> None:
    name = (manifest.get("sandbox") or {}).get("storage_binding")
    if name and store.storage_binding_named(org_id, name) is None:
        raise Refusal(
            400, f"dari.yml, sandbox.storage_binding: the organization has no binding {name!r}"
        )


def route_models(access: Access, agent: AgentRecord, router_id: str) -> VersionRecord:
    """Publish the active version again, its models chosen by a router."""
    active = access.version(agent.id, agent.active_version_id)
    backing = {"kind": "router", "router_id": router_id}
    manifest = {**active.manifest, "model_backend": backing}
    return access.store.add_version(
        agent, agent.name, manifest, snapshot_id=active.snapshot_id, org_id=agent.org_id
    )


def publish_folder(store: Store, folder: Path) -> str:
    """Publish a folder's bundle for the first organization; returns the active version's id.

    A folder that is active as it is makes no new version.

    Raises:
        InvalidRequestError: It is no bundle, or breaks a rule; the text says which.
    """
    try:
        bundle = Bundle.from_folder(folder, most_bytes=MAX_UNPACKED)
        files = read_bundle(bundle.content)
        manifest, _ = read_manifest(files)
    except (BundleError, ManifestError, InvalidRequestError) as error:
        raise InvalidRequestError(f"{folder}: {error}", code="invalid_bundle") from None
    for note in notes_on(manifest, files):
        _log.warning("%s: %s", folder, note)
    name, sha256 = str(manifest["name"]), bundle.sha256
    with store.transaction():
        agent = store.agent_named(name)
        active = store.version(agent.id, agent.active_version_id) if agent else None
        if active is not None and active.archive_sha256 == sha256:
            return active.id
        size = len(bundle.content)
        snapshot = store.add_snapshot(FIRST_ORG, sha256, size, {"origin": "folder"}, now())
        store.keep_archive(snapshot.id, bundle.content)
        store.settle_snapshot(snapshot.id, None)
        return store.add_version(agent, name, manifest, snapshot_id=snapshot.id).id
