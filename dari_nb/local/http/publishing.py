"""Routes that publish, browse bundles and delete agents (contract, section 4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .. import publishing
from ..bundle import Files
from ..records import JsonObject, VersionRecord
from ..resources import Refusal
from .answers import backend_of, body_of, json_answer
from .bodies import malformed, shaped


class PublishBody(msgspec.Struct):
    """Which snapshot becomes a version."""

    source_snapshot_id: str


class RouterBody(msgspec.Struct):
    """Which router picks the models."""

    kind: Literal["router"]
    router_id: Annotated[str, msgspec.Meta(min_length=1)]


async def publish_by_name(request: Request) -> Response:
    """``POST /agents``: by the name in ``dari.yml``."""
    body = shaped(await body_of(request), PublishBody)
    version, notes = await publishing.publish(backend_of(request), body.source_snapshot_id)
    return json_answer(_published(request, version, notes), 201)


async def publish_version(request: Request) -> Response:
    """``POST /agents/{agent_id}/versions``; the agent keeps its name."""
    backend, data = backend_of(request), await body_of(request)
    agent = backend.live_agent(request.path_params["agent_id"])
    body = shaped(data, PublishBody)
    version, notes = await publishing.publish(backend, body.source_snapshot_id, agent.id)
    return json_answer(_published(request, version, notes), 201)


async def set_model_backend(request: Request) -> Response:
    """``PUT /agents/{agent_id}/model-backend``: a new version of the active one."""
    backend, data = backend_of(request), await body_of(request)
    agent = backend.live_agent(request.path_params["agent_id"])
    body = shaped(data, RouterBody)
    version = publishing.route_models(backend, agent, body.router_id)
    return json_answer(_published(request, version) | {"active_version_id": version.id})


def _published(request: Request, version: VersionRecord, notes: Sequence[str] = ()) -> JsonObject:
    address = request.url.replace(path=f"/v1/agents/{version.agent_id}", query="")
    published: JsonObject = {
        "agent_id": version.agent_id,
        "version_id": version.id,
        "agent_url": str(address),
    }
    return published | ({"notes": list(notes)} if notes else {})


async def delete_agent(request: Request) -> Response:
    """``DELETE /agents/{agent_id}``: soft, and the same answer each time."""
    backend = backend_of(request)
    agent = backend.agent(request.path_params["agent_id"])
    backend.store.delete_agent(agent.id)
    return json_answer(backend.agent(agent.id).to_wire())


async def list_bundle(request: Request) -> Response:
    """``GET /agents/{agent_id}/versions/{version_id}/bundle``: paths and sizes, sorted."""
    files = await _bundle(request)
    wire = [{"path": path, "size_bytes": len(files[path])} for path in sorted(files)]
    return json_answer({"files": wire})


async def read_bundle_file(request: Request) -> Response:
    """``GET /agents/{agent_id}/versions/{version_id}/bundle/file``: one UTF-8 file."""
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
    backend = backend_of(request)
    agent = backend.agent(request.path_params["agent_id"])
    version = backend.version(agent.id, request.path_params["version_id"])
    if version.snapshot_id is None:
        raise Refusal(404, f"Version {version.id!r} is a function here and has no bundle")
    return await backend.bundles.files_of(version)


_VERSION = "/agents/{agent_id}/versions/{version_id}"
ROUTES = [
    Route("/agents", publish_by_name, methods=["POST"]),
    Route("/agents/{agent_id}", delete_agent, methods=["DELETE"]),
    Route("/agents/{agent_id}/versions", publish_version, methods=["POST"]),
    Route("/agents/{agent_id}/model-backend", set_model_backend, methods=["PUT"]),
    Route(f"{_VERSION}/bundle", list_bundle, methods=["GET"]),
    Route(f"{_VERSION}/bundle/file", read_bundle_file, methods=["GET"]),
]
