"""Routes of source snapshots and their upload address (contract, section 3)."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .. import publishing
from ..bundle import MAX_ARCHIVE
from ..records import JsonObject
from ..resources import Refusal
from .answers import backend_of, body_of, json_answer
from .bodies import shaped


class SnapshotBody(msgspec.Struct, kw_only=True):
    """What a reservation says of the archive to come."""

    format: Literal["tar.gz"]
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
    size_bytes: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    metadata: JsonObject | None = None


async def create_snapshot(request: Request) -> Response:
    """``POST /source-snapshots``."""
    body = shaped(await body_of(request), SnapshotBody)
    snapshot = publishing.reserve(
        backend_of(request), body.sha256, body.size_bytes, body.metadata or {}
    )
    address = request.url.replace(path=f"/uploads/{snapshot.token}", query="")
    return json_answer(
        {
            "source_snapshot_id": snapshot.id,
            "upload_url": str(address),
            "upload_headers": publishing.upload_headers(snapshot),
            "expires_at": snapshot.expires_at,
            "status": snapshot.status,
        },
        201,
    )


async def upload_archive(request: Request) -> Response:
    """``PUT /uploads/{token}``: the raw archive with exactly the headers that were given."""
    backend = backend_of(request)
    snapshot = publishing.expecting_upload(backend, request.path_params["token"])
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
    backend.store.keep_archive(snapshot.id, bytes(content))
    return Response()


async def finalize_snapshot(request: Request) -> Response:
    """``POST /source-snapshots/{source_snapshot_id}/finalize``; a failed check is a 200, too."""
    snapshot = publishing.finalize(backend_of(request), request.path_params["source_snapshot_id"])
    return json_answer(snapshot.to_wire())


async def get_manifest(request: Request) -> Response:
    """``GET /source-snapshots/{source_snapshot_id}/manifest``."""
    snapshot_id = request.path_params["source_snapshot_id"]
    manifest, prompt = await publishing.manifest_of(backend_of(request), snapshot_id)
    return json_answer(
        {"source_snapshot_id": snapshot_id, "manifest": manifest, "system_prompt": prompt}
    )


async def delete_snapshot(request: Request) -> Response:
    """``DELETE /source-snapshots/{source_snapshot_id}``, unless a version uses it."""
    backend = backend_of(request)
    snapshot = publishing.find(backend, request.path_params["source_snapshot_id"])
    if backend.store.is_snapshot_used(snapshot.id):
        raise Refusal(409, "in use")
    backend.store.delete_snapshot(snapshot.id)
    return json_answer({"source_snapshot_id": snapshot.id, "status": "deleted"})


UPLOADS = [Route("/uploads/{token}", upload_archive, methods=["PUT"])]
"""What is served beside ``/v1``, without a key."""
ROUTES = [
    Route("/source-snapshots", create_snapshot, methods=["POST"]),
    Route("/source-snapshots/{source_snapshot_id}", delete_snapshot, methods=["DELETE"]),
    Route("/source-snapshots/{source_snapshot_id}/finalize", finalize_snapshot, methods=["POST"]),
    Route("/source-snapshots/{source_snapshot_id}/manifest", get_manifest, methods=["GET"]),
]
