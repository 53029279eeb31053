"""Routes of source snapshots and their upload address (contract, section 3)."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..bundles.archive import MAX_ARCHIVE
from ..service import Refusal, publishing
from ..store.records import JsonObject
from .answers import access_of, address_at, json_answer
from .bodies import Size
from .openapi import Operations
from .openapi.shapes import OBJECT, ref

OPERATIONS = Operations()
_SNAPSHOT = "/source-snapshots/{source_snapshot_id}"


class SnapshotBody(msgspec.Struct, kw_only=True):
    """What a reservation says of the archive to come."""

    format: Literal["tar.gz"]
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
    size_bytes: Size
    metadata: JsonObject | None = None


@OPERATIONS.serve("POST", "/source-snapshots", 201, ref("SnapshotTarget"), refusals=(413,))
async def create_snapshot(request: Request, body: SnapshotBody) -> Response:
    """Reserve a place for an archive."""
    snapshot = publishing.reserve(
        access_of(request), body.sha256, int(body.size_bytes), body.metadata or {}
    )
    return json_answer(
        {
            "source_snapshot_id": snapshot.id,
            "upload_url": address_at(request, f"/uploads/{snapshot.token}"),
            "upload_headers": publishing.upload_headers(snapshot),
            "expires_at": snapshot.expires_at,
            "status": snapshot.status,
        },
        201,
    )


async def upload_archive(request: Request) -> Response:
    """``PUT /uploads/{token}``: the raw archive with exactly the headers that were given."""
    access = access_of(request)
    snapshot = publishing.expecting_upload(access, request.path_params["token"])
    for name, value in publishing.upload_headers(snapshot).items():
        if request.headers.get(name) != value:
            raise Refusal(403, f"The header {name} must be {value!r}")
    content = bytearray()
    is_too_large = False
    async for chunk in request.stream():
        # Read to the end, or the sender would find a broken connection instead of the answer.
        is_too_large = is_too_large or len(content) + len(chunk) > MAX_ARCHIVE
        if not is_too_large:
            content += chunk
    if is_too_large:
        raise Refusal(413, f"The archive is larger than {MAX_ARCHIVE} bytes")
    access.store.keep_archive(snapshot.id, bytes(content))
    return Response()


@OPERATIONS.serve("POST", f"{_SNAPSHOT}/finalize", 200, ref("Snapshot"), refusals=(404,))
async def finalize_snapshot(request: Request) -> Response:
    """Check the uploaded archive; a failed check is a 200, too."""
    snapshot = publishing.finalize(access_of(request), request.path_params["source_snapshot_id"])
    return json_answer(snapshot.to_wire())


@OPERATIONS.serve("GET", f"{_SNAPSHOT}/manifest", 200, ref("SnapshotManifest"), refusals=(400, 404))
async def get_snapshot_manifest(request: Request) -> Response:
    """Read and check dari.yml."""
    snapshot_id = request.path_params["source_snapshot_id"]
    manifest, prompt = await publishing.manifest_of(access_of(request), snapshot_id)
    return json_answer(
        {"source_snapshot_id": snapshot_id, "manifest": manifest, "system_prompt": prompt}
    )


@OPERATIONS.serve("DELETE", _SNAPSHOT, 200, OBJECT, refusals=(404, 409))
async def delete_snapshot(request: Request) -> Response:
    """Remove a snapshot that no version uses."""
    snapshot_id = request.path_params["source_snapshot_id"]
    publishing.delete(access_of(request), snapshot_id)
    return json_answer({"source_snapshot_id": snapshot_id, "status": "deleted"})


UPLOADS = [Route("/uploads/{token}", upload_archive, methods=["PUT"])]
"""What is served beside ``/v1``, without a key."""
