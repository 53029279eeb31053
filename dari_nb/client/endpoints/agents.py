"""Agents, their versions, and one-shot messages (contract, sections 4 and 6)."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import msgspec

from ...errors import InvalidRequestError, UnknownNameError
from ...ids import is_agent_id
from ...models import Agent, AgentVersion, BundleFile, PublishResult, SendResult
from .._answers import listing, outcome, resource
from .._request import Request, Steps, idempotency, path_of
from ._bodies import Prompt, check_secrets, secret_values, user_message

PUBLISH_PATIENCE = 300.0
_MOST_NAMES = 10


def list_() -> Steps[list[Agent]]:
    """List the organization's agents that are not deleted, oldest first (contract, section 4).

    >>> [agent.name for agent in client.agents.list()][:2]
    ['echo', 'calculator']
    """
    return listing(path_of("agents"), "agents", Agent)


def get(id_or_name: str) -> Steps[Agent]:
    """Get an agent by its id or by its exact name (contract, section 4).

    Args:
        id_or_name: The id, ``agt_…``, or the exact name.

    Raises:
        NotFoundError: There is no such id; or no, or more than one, agent of that name, and then
            it is an :class:`~dari_nb.errors.UnknownNameError` that tells what there is.
        InvalidRequestError: The name is empty.

    >>> client.agents.get("tour").active_version_id
    'ver_...'
    """
    if not isinstance(id_or_name, str) or not id_or_name.strip():
        raise InvalidRequestError("Which agent? Give an id or a name.", code="missing_agent")
    if is_agent_id(id_or_name):
        return (yield from _by_id(id_or_name).answer())
    return _named(id_or_name, (yield from list_()))


def version(agent_id: str, version_id: str) -> Request[AgentVersion]:
    """Get one version of an agent (contract, section 4).

    Args:
        agent_id: The agent's id, ``agt_…``.
        version_id: The version's id, ``ver_…``.

    Raises:
        NotFoundError: There is no such agent or version.

    >>> client.agents.version(agent.id, agent.active_version_id).is_active
    True
    """
    parse = resource(AgentVersion, "version", id=version_id, agent_id=agent_id)
    path = path_of("agents", agent_id, "versions", version_id)
    return Request(method="GET", path=path, parse=parse)


def versions(agent_id: str) -> Steps[list[AgentVersion]]:
    """List an agent's versions, in the server's order (contract, section 4).

    Args:
        agent_id: The agent's id, ``agt_…``.

    Raises:
        NotFoundError: There is no such agent.

    >>> len(client.agents.versions(agent.id))
    1
    """
    return listing(path_of("agents", agent_id, "versions"), "versions", AgentVersion)


def bundle_files(agent_id: str, version_id: str) -> Request[list[BundleFile]]:
    """List the files that a version was published from (contract, section 4).

    Args:
        agent_id: The agent's id, ``agt_…``.
        version_id: The version's id, ``ver_…``.

    Raises:
        NotFoundError: There is no such agent or version.

    >>> published = client.agents.publish("agents/support")
    >>> files = client.agents.bundle_files(published.agent_id, published.version_id)
    >>> sorted(file.path for file in files)
    ['dari.yml', 'prompts/system.md']
    """
    path = path_of("agents", agent_id, "versions", version_id, "bundle")
    return Request(method="GET", path=path, parse=_bundle_files)


def read_bundle_file(agent_id: str, version_id: str, path: str) -> Request[str]:
    """Read one text file that a version was published from (contract, section 4).

    Args:
        agent_id: The agent's id.
        version_id: The version's id.
        path: As ``bundle_files`` lists it.

    Raises:
        NotFoundError: There is no such agent, version or file.

    >>> made = client.agents.publish("agents/support")
    >>> client.agents.read_bundle_file(made.agent_id, made.version_id, "prompts/system.md").strip()
    'You answer customers.'
    """
    where = path_of("agents", agent_id, "versions", version_id, "bundle", "file")
    return Request(method="GET", path=where, parse=_file_content, query={"path": path})


def publish_snapshot(snapshot_id: str, *, agent_id: str | None = None) -> Request[PublishResult]:
    """Publish a snapshot that is ready (contract, section 4); ``publish`` does all steps.

    Never done twice by itself, since each call makes a version. May take minutes.

    Args:
        snapshot_id: The snapshot's id.
        agent_id: The agent to make a version of; by default the one of the name in ``dari.yml``,
            which is new when there is none.

    Raises:
        NotFoundError: There is no such snapshot or agent, or the agent was deleted.

    >>> from dari_nb.client import Bundle
    >>> bundle = Bundle.from_folder("agents/support")
    >>> snapshot = client.snapshots.create(bundle.sha256, len(bundle.content))
    >>> client.snapshots.upload(snapshot, bundle.content)
    >>> _ = client.snapshots.finalize(snapshot.id)
    >>> client.agents.publish_snapshot(snapshot.id).version_id
    'ver_...'
    """
    path = path_of("agents") if agent_id is None else path_of("agents", agent_id, "versions")
    return Request(
        method="POST",
        path=path,
        parse=outcome(PublishResult, agent_id=agent_id),
        json={"source_snapshot_id": snapshot_id},
        patience=PUBLISH_PATIENCE,
    )


def set_model_backend(agent_id: str, router_id: str) -> Request[Agent]:
    """Let a model router answer for an agent (contract, section 4; servers of June 2026 only).

    Args:
        agent_id: The agent's id, ``agt_…``.
        router_id: The model router's id.

    Returns:
        The agent with its new active version.

    Raises:
        ApiError: The server knows no such agent, no such router, or no routers.

    >>> agent = d.agents.publish_prompt("routed", "Be brief.", llm="openai/gpt-5.5").agent
    >>> client.agents.set_model_backend(agent.id, "rtr_1").active_version_id
    'ver_...'
    """
    return Request(
        method="PUT",
        path=path_of("agents", agent_id, "model-backend"),
        parse=outcome(Agent, "agent", id=agent_id),
        json={"kind": "router", "router_id": router_id},
    )


def delete(agent_id: str) -> Request[Agent]:
    """Delete an agent; its sessions stay readable (contract, section 4).

    A repeat is fine and returns the first deletion's time.

    Args:
        agent_id: The agent's id, ``agt_…``.

    Raises:
        NotFoundError: There is no such agent.

    >>> agent = d.agents.publish_prompt("temp", "Be brief.", llm="openai/gpt-5.5").agent
    >>> client.agents.delete(agent.id).deleted_at
    '20...'
    """
    parse = outcome(Agent, "agent", id=agent_id)
    return Request(method="DELETE", path=path_of("agents", agent_id), parse=parse)


def send(
    agent_id: str,
    content: Prompt,
    *,
    metadata: Mapping[str, Any] | None = None,
    session: Mapping[str, Any] | None = None,
    idempotency_key: str | None = None,
) -> Request[SendResult]:
    """Start a session with its first message, in one call (contract, section 6).

    Args:
        agent_id: The agent's id.
        content: The prompt: text, or content blocks.
        metadata: Goes on the message.
        session: Fields of the new session, such as ``name``, ``llm_id``, ``secrets``,
            ``metadata``; see ``sessions.create``.
        idempotency_key: Lets the server recognise a repeat; made when not given. Whether a server
            honours it here is not known (U12), so this call is only tried again by itself when
            the server has done nothing. Errors tell the key, for those who know their server.

    Returns:
        The recorded event, its queued message, and the new session, which is running.

    Raises:
        InvalidRequestError: The content is empty, or a secret is malformed.
        NotFoundError: There is no such agent, or it was deleted.

    >>> sent = client.agents.send(agent.id, "6 * 7", session={"llm_id": "small"})
    >>> sent.message.id, sent.session.id
    ('msg_...', 'sess_...')
    """
    body = user_message(content, metadata)
    if session:
        check_secrets(session.get("secrets"))
        body["session"] = dict(session)
    return Request(
        method="POST",
        path=path_of("agents", agent_id, "messages"),
        parse=outcome(SendResult),
        json=body,
        headers=idempotency(idempotency_key),
        secrets=secret_values(session or {}),
        once=True,
    )


def _bundle_files(body: bytes) -> list[BundleFile]:
    # Nobody has shown this answer's shape (U8): a list, in a key or not, of paths or objects.
    answer = msgspec.json.decode(body, type=dict[str, Any] | list[Any])
    if isinstance(answer, dict):
        lists = [value for value in answer.values() if isinstance(value, list)]
        if not lists and None not in answer.values():
            raise msgspec.ValidationError("Object has no list of files")
        answer = lists[0] if lists else []
    entries = [{"path": entry} if isinstance(entry, str) else entry for entry in answer]
    return [BundleFile.from_dict(entry) for entry in entries if entry is not None]


def _file_content(body: bytes) -> str:
    answer = msgspec.json.decode(body, type=dict[str, Any])
    if "content" not in answer:
        raise msgspec.ValidationError("Object has no `content`")
    return msgspec.convert(answer["content"], str | None) or ""


def _by_id(agent_id: str) -> Request[Agent]:
    parse = resource(Agent, "agent", id=agent_id)
    return Request(method="GET", path=path_of("agents", agent_id), parse=parse)


def _named(name: str, agents: list[Agent]) -> Agent:
    found = [agent for agent in agents if agent.name == name]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(agent.id for agent in found)
        raise _unknown(
            f"{len(found)} agents are named {name!r}: use an id ({ids}).", code="ambiguous_name"
        )
    raise _unknown(
        f"There is no agent named {name!r}{_suggestion(name, agents)}", code="agent_not_found"
    )


def _suggestion(name: str, agents: list[Agent]) -> str:
    if not agents:
        return ", nor any other yet."
    names = {agent.name.casefold(): agent.name for agent in agents}
    close = difflib.get_close_matches(name.casefold(), names, n=3)
    if close:
        return f": did you mean {' or '.join(repr(names[match]) for match in close)}?"
    shown = sorted(names.values())
    more = ", …" if len(shown) > _MOST_NAMES else ""
    return f": there are {', '.join(shown[:_MOST_NAMES])}{more}."


def _unknown(text: str, *, code: str) -> UnknownNameError:
    return UnknownNameError(404, text, "GET", "/v1/agents", code=code)
