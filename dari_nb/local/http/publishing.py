"""Routes that publish, browse bundles and delete agents (contract, section 4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ..bundles.archive import Files
from ..service import Refusal, publishing
from ..store.records import JsonObject, VersionRecord
from .answers import access_of, address_at, json_answer
from .bodies import malformed
from .openapi import Operations
from .openapi.shapes import OBJECT, TEXT, record, ref

OPERATIONS = Operations()
_AGENT = "/agents/{agent_id}"
_VERSION = f"{_AGENT}/versions/{{version_id}}"


class PublishBody(msgspec.Struct):
    """Which snapshot becomes a version."""

    source_snapshot_id: str


class RouterBody(msgspec.Struct):
    """Which router picks the models."""

    kind: Literal["router"]
    router_id: Annotated[str, msgspec.Meta(min_length=1)]


@OPERATIONS.serve("POST", "/agents", 201, ref("Published"), refusals=(400, 403, 404))
async def publish(request: Request, body: PublishBody) -> Response:
    """Publish under the name in dari.yml."""
    version, notes = await publishing.publish(access_of(request), body.source_snapshot_id)
    return json_answer(_published(request, version, notes), 201)


@OPERATIONS.serve("POST", f"{_AGENT}/versions", 201, ref("Published"), refusals=(400, 404))
async def publish_version(request: Request, body: PublishBody) -> Response:
    """Publish a new version of this agent, which keeps its name."""
    access = access_of(request)
    agent = access.live_agent(request.path_params["agent_id"])
    version, notes = await publishing.publish(access, body.source_snapshot_id, agent.id)
    return json_answer(_published(request, version, notes), 201)


@OPERATIONS.serve(
    *("PUT", f"{_AGENT}/model-backend", 200, record({"active_version_id": TEXT})), refusals=(404,)
)
async def set_model_backend(request: Request, body: RouterBody) -> Response:
    """Back an agent by a router: a new version of the active one."""
    access = access_of(request)
    agent = access.live_agent(request.path_params["agent_id"])
    version = publishing.route_models(access, agent, body.router_id)
    return json_answer(_published(request, version) | {"active_version_id": version.id})


def _published(request: Request, version: VersionRecord, notes: Sequence[str] = ()) -> JsonObject:
    published: JsonObject = {
        "agent_id": version.agent_id,
        "version_id": version.id,
        "agent_url": address_at(request, f"/v1/agents/{version.agent_id}"),
    }
    return published | ({"notes": list(notes)} if notes else {})


@OPERATIONS.serve("DELETE", _AGENT, 200, ref("Agent"), refusals=(404,))
async def delete_agent(request: Request) -> Response:
    """Delete an agent; its sessions stay readable, and the answer is the same each time."""
    access = access_of(request)
    agent = access.agent(request.path_params["agent_id"])
    access.store.delete_agent(agent.id)
    return json_answer(access.agent(agent.id).to_wire())


@OPERATIONS.serve("GET", f"{_VERSION}/bundle", 200, OBJECT, refusals=(404,))
async def list_bundle(request: Request) -> Response:
    """Files of a version's archive with their sizes, sorted by path."""
    files = await _bundle(request)
    wire = [{"path": path, "size_bytes": len(files[path])} for path in sorted(files)]
    return json_answer({"files": wire})


@OPERATIONS.serve(
    *("GET", f"{_VERSION}/bundle/file", 200, record({"content": TEXT})),
    refusals=(400, 404, 422),
    query={"path": TEXT},
    required_query=("path",),
)
async def get_bundle_file(request: Request) -> Response:
    """One text file of the archive, in UTF-8."""
    path = request.query_params.get("path")
    if path is None:
        raise malformed("Field required - at `$.path`", where="query", kind="missing")
    files = await _bundle(request)
    if path not in files:
        raise Refusal(404, f"No file {path!r} in this bundle")
    try:
        content = files[path].decode()
    except UnicodeDecodeError:
        raise Refusal(400, f"{path!r} is not UTF-8") from None
    return json_answer({"path": path, "content": content, "size_bytes": len(files[path])})


async def _bundle(request: Request) -> Files:
    access = access_of(request)
    agent = access.agent(request.path_params["agent_id"])
    version = access.version(agent.id, request.path_params["version_id"])
    if version.snapshot_id is None:
        raise Refusal(404, f"Version {version.id!r} is a function here and has no bundle")
    return await access.service.bundles.files_of(version)
