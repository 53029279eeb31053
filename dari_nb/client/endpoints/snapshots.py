"""Source snapshots: reserve, upload, finalize, check (contract, section 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx

from ...errors import InvalidRequestError, SnapshotFailedError
from ...models import Snapshot, SnapshotManifest
from .._answers import any_object
from .._request import Outside, Request, Steps, given, path_of


def create(
    sha256: str, size_bytes: int, *, metadata: Mapping[str, Any] | None = None
) -> Request[Snapshot]:
    """Reserve a snapshot and learn where its archive goes (contract, section 3).

    Args:
        sha256: The archive's digest in lowercase hex.
        size_bytes: Its exact size.
        metadata: Texts and booleans for the record, such as ``git_commit_sha``.
    """
    body = {"format": "tar.gz", "sha256": sha256, "size_bytes": size_bytes}
    return Request(
        method="POST",
        path=path_of("source-snapshots"),
        parse=Snapshot.from_json,
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

    Raises:
        InvalidRequestError: The snapshot does not say where to, or that is not a URL.
        ApiError: The storage refuses it, such as when the reservation has expired.
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

    Raises:
        SnapshotFailedError: Size or checksum do not match; the HTTP status is a success even so.
        NotFoundError: There is no such snapshot.
    """
    path = path_of("source-snapshots", snapshot_id, "finalize")
    request = Request(method="POST", path=path, parse=Snapshot.from_json)
    snapshot = yield from request.answer()
    if snapshot.status == "failed":
        reason = snapshot.failure_reason or "the server gave no reason"
        raise SnapshotFailedError(f"The server did not take the bundle: {reason}")
    return snapshot


def manifest(snapshot_id: str) -> Request[SnapshotManifest]:
    """Let the server read the snapshot's ``dari.yml`` (contract, sections 3 and 15).

    Raises:
        ApiError: The manifest is invalid; ``detail`` says where. 400 or 422 (U7).
    """
    path = path_of("source-snapshots", snapshot_id, "manifest")
    return Request(method="GET", path=path, parse=SnapshotManifest.from_json)


def delete(snapshot_id: str) -> Request[dict[str, Any]]:
    """Delete a snapshot that no version uses; returns the answer as it is (contract, section 3).

    Raises:
        ConflictError: A version uses it.
    """
    path = path_of("source-snapshots", snapshot_id)
    return Request(method="DELETE", path=path, parse=_anything, gone=b"{}")


def _anything(body: bytes) -> dict[str, Any]:
    return any_object(body) if body.lstrip()[:1] == b"{" else {}


def _upload_url(snapshot: Snapshot) -> str:
    try:
        url = httpx.URL(snapshot.upload_url or "")
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise InvalidRequestError(f"The snapshot {snapshot.id} has no URL to upload to.")
    return str(url)
