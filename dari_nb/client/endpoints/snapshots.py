"""Source snapshots: reserve, upload, finalize, check (contract, section 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx

from ...errors import InvalidRequestError, SnapshotFailedError
from ...models import Snapshot, SnapshotManifest
from .._answers import outcome, resource, whatever
from .._request import Outside, Request, Steps, given, path_of


def create(
    sha256: str, size_bytes: int, *, metadata: Mapping[str, Any] | None = None
) -> Request[Snapshot]:
    """Reserve a snapshot and learn where its archive goes (contract, section 3).

    Args:
        sha256: The archive's digest in lowercase hex.
        size_bytes: Its exact size in bytes.
        metadata: Texts and booleans for the record, such as ``git_commit_sha``.

    >>> from dari_nb.client import Bundle
    >>> bundle = Bundle.from_folder("agents/support")
    >>> snapshot = client.snapshots.create(bundle.sha256, len(bundle.content))
    >>> snapshot.status
    'pending_upload'
    """
    body = {"format": "tar.gz", "sha256": sha256, "size_bytes": size_bytes}
    return Request(
        method="POST",
        path=path_of("source-snapshots"),
        parse=outcome(Snapshot, "source_snapshot"),
        json={**body, **given(metadata=metadata)},
    )


def upload(
    snapshot: Snapshot, content: bytes, *, report: Callable[[int], object] | None = None
) -> Request[None]:
    """Put the archive where ``create`` said, without the API key (contract, section 3).

    Args:
        snapshot: The answer of ``create``.
        content: The archive.
        report: Called with the number of bytes that have gone, again from the start on a retry.

    Returns:
        Nothing: ``finalize`` tells what has come.

    Raises:
        InvalidRequestError: The snapshot does not say where to, or that is not a URL.
        ApiError: The storage refuses it, such as when the reservation has expired.

    >>> from dari_nb.client import Bundle
    >>> bundle = Bundle.from_folder("agents/support")
    >>> snapshot = client.snapshots.create(bundle.sha256, len(bundle.content))
    >>> client.snapshots.upload(snapshot, bundle.content)
    """
    url = _upload_url(snapshot)
    return Request(
        method="PUT",
        path="/",
        parse=lambda body: None,
        secrets=(url,),
        outside=Outside(url=url, headers=snapshot.upload_headers, content=content, report=report),
    )


def finalize(snapshot_id: str) -> Steps[Snapshot]:
    """Let the server check the uploaded archive (contract, section 3).

    Args:
        snapshot_id: The snapshot's id.

    Raises:
        SnapshotFailedError: Size or checksum do not match; the HTTP status is a success even so.
        NotFoundError: There is no such snapshot.

    >>> from dari_nb.client import Bundle
    >>> bundle = Bundle.from_folder("agents/support")
    >>> snapshot = client.snapshots.create(bundle.sha256, len(bundle.content))
    >>> client.snapshots.upload(snapshot, bundle.content)
    >>> client.snapshots.finalize(snapshot.id).status
    'ready'
    """
    path = path_of("source-snapshots", snapshot_id, "finalize")
    parse = outcome(Snapshot, "source_snapshot", id=snapshot_id)
    request = Request(method="POST", path=path, parse=parse)
    snapshot = yield from request.answer()
    if snapshot.status == "failed":
        reason = snapshot.failure_reason or "the server gave no reason"
        raise SnapshotFailedError(f"The server did not take the bundle: {reason}")
    return snapshot


def manifest(snapshot_id: str) -> Request[SnapshotManifest]:
    """Let the server read the snapshot's ``dari.yml`` (contract, sections 3 and 15).

    Args:
        snapshot_id: The snapshot's id.

    Raises:
        ApiError: The manifest is invalid; ``detail`` says where. 400 or 422 (U7).

    >>> from dari_nb.client import Bundle
    >>> bundle = Bundle.from_folder("agents/support")
    >>> snapshot = client.snapshots.create(bundle.sha256, len(bundle.content))
    >>> client.snapshots.upload(snapshot, bundle.content)
    >>> _ = client.snapshots.finalize(snapshot.id)
    >>> client.snapshots.manifest(snapshot.id).manifest["name"]
    'support'
    """
    path = path_of("source-snapshots", snapshot_id, "manifest")
    parse = resource(SnapshotManifest, id=snapshot_id)
    return Request(method="GET", path=path, parse=parse)


def delete(snapshot_id: str) -> Request[dict[str, Any]]:
    """Delete a snapshot that no version uses; returns the answer as it is (contract, section 3).

    Args:
        snapshot_id: The snapshot's id.

    Raises:
        ConflictError: A version uses it.

    >>> from dari_nb.client import Bundle
    >>> bundle = Bundle.from_folder("agents/support")
    >>> snapshot = client.snapshots.create(bundle.sha256, len(bundle.content))
    >>> answer = client.snapshots.delete(snapshot.id)
    """
    path = path_of("source-snapshots", snapshot_id)
    return Request(method="DELETE", path=path, parse=whatever, on_404=b"{}")


def _upload_url(snapshot: Snapshot) -> str:
    try:
        url = httpx.URL(snapshot.upload_url or "")
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise InvalidRequestError(
            f"The snapshot {snapshot.id} has no URL to upload to.", code="missing_url"
        )
    return str(url)
