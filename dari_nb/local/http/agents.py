"""Routes of agents and their versions (contract, section 4)."""

from starlette.requests import Request
from starlette.responses import Response

from ..service.sessions import why_refused
from .answers import access_of, json_answer
from .openapi import Operations
from .openapi.shapes import listed, ref

OPERATIONS = Operations()


@OPERATIONS.serve("GET", "/agents", 200, listed("agents", "Agent"))
async def list_agents(request: Request) -> Response:
    """Agents that are not deleted, oldest first."""
    access = access_of(request)
    agents = access.store.agents(access.org_id)
    return json_answer({"agents": [agent.to_wire() for agent in agents]})


@OPERATIONS.serve("GET", "/agents/{agent_id}", 200, ref("Agent"), refusals=(404,))
async def get_agent(request: Request) -> Response:
    """One agent."""
    return json_answer(access_of(request).agent(request.path_params["agent_id"]).to_wire())


@OPERATIONS.serve("GET", "/agents/{agent_id}/versions", 200, ref("Versions"), refusals=(404,))
async def list_versions(request: Request) -> Response:
    """An agent's versions, newest first."""
    access = access_of(request)
    agent = access.agent(request.path_params["agent_id"])
    versions = access.store.versions(agent.id)
    wire = [version.to_wire(agent.active_version_id) for version in versions]
    return json_answer({"agent": agent.to_wire(), "versions": wire})


@OPERATIONS.serve(
    "GET", "/agents/{agent_id}/versions/{version_id}", 200, ref("VersionOfAgent"), refusals=(404,)
)
async def get_version(request: Request) -> Response:
    """One version, with the manifest and the LLMs besides, and why it takes no new session."""
    access = access_of(request)
    agent = access.agent(request.path_params["agent_id"])
    version = access.version(agent.id, request.path_params["version_id"])
    wire = version.to_wire(agent.active_version_id) | {"manifest": version.manifest}
    wire["llms"] = access.service.llms_of(version)
    if why := why_refused(access, agent, version):
        wire["refused"] = why
    return json_answer({"agent": agent.to_wire(), "version": wire})
