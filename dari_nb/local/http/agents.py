"""Routes of agents and their versions (contract, section 4)."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .answers import backend_of, json_answer


async def list_agents(request: Request) -> Response:
    """``GET /agents``."""
    backend = backend_of(request)
    agents = backend.store.agents(backend.org_id)
    return json_answer({"agents": [agent.to_wire() for agent in agents]})


async def get_agent(request: Request) -> Response:
    """``GET /agents/{agent_id}``."""
    return json_answer(backend_of(request).agent(request.path_params["agent_id"]).to_wire())


async def list_versions(request: Request) -> Response:
    """``GET /agents/{agent_id}/versions``."""
    backend = backend_of(request)
    agent = backend.agent(request.path_params["agent_id"])
    versions = backend.store.versions(agent.id)
    wire = [version.to_wire(agent.active_version_id) for version in versions]
    return json_answer({"agent": agent.to_wire(), "versions": wire})


async def get_version(request: Request) -> Response:
    """``GET /agents/{agent_id}/versions/{version_id}``, with the manifest and the LLMs besides."""
    backend = backend_of(request)
    agent = backend.agent(request.path_params["agent_id"])
    version = backend.version(agent.id, request.path_params["version_id"])
    wire = version.to_wire(agent.active_version_id) | {"manifest": version.manifest}
    wire["llms"] = backend.llms_of(version)
    return json_answer({"agent": agent.to_wire(), "version": wire})


ROUTES = [
    Route("/agents", list_agents, methods=["GET"]),
    Route("/agents/{agent_id}", get_agent, methods=["GET"]),
    Route("/agents/{agent_id}/versions", list_versions, methods=["GET"]),
    Route("/agents/{agent_id}/versions/{version_id}", get_version, methods=["GET"]),
]
