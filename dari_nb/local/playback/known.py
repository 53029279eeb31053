"""What a tape tells of a session of this server: its agent, what was asked before, its files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...models import AgentVersion
from ...tapes import AgentLine
from ...tapes.keys import digest_of
from ..store import Store
from ..store.records import (
    OF_TAPE,
    JsonObject,
    SessionRecord,
    VersionRecord,
    manifest_of,
)

_OF_ELSEWHERE = "of_elsewhere"
"""The field of a manifest that another Dari told: the hash of its prompt there."""
_NO_PROMPT = ("name", "description", "llm", "function")
"""Fields of a manifest that are told otherwise, or are no matter of what is answered."""


def agent_line(version: VersionRecord, name: str) -> AgentLine:
    """What a tape tells of an agent's version."""
    manifest = version.manifest
    llm = manifest.get("llm") or {}
    return AgentLine(
        agent=name,
        description=str(manifest.get("description") or ""),
        prompt=_prompt(version, llm),
        llms={str(llm_id): _settings(option) for llm_id, option in llm.get("options", {}).items()},
        default=version.default_llm,
    )


def agent_of(store: Store, session: SessionRecord) -> AgentLine:
    """What a tape tells of a session's agent."""
    agent = store.agent(session.agent_id)
    version = store.version(session.agent_id, session.version_id)
    assert agent is not None
    assert version is not None
    return agent_line(version, agent.name)


def manifest_from(line: AgentLine) -> JsonObject:
    """The manifest of an agent as the tape tells it: its turns play, and nobody can ask it."""
    manifest = manifest_of(line.agent, description=line.description)
    if line.llms:
        default = line.default if line.default in line.llms else next(iter(line.llms))
        manifest["llm"] = {"default": default, "options": line.llms}
    return {**manifest, OF_TAPE: line.prompt}


def manifest_elsewhere(name: str, version: AgentVersion) -> JsonObject:
    """The manifest of an agent that another Dari is asked for, as far as that tells it."""
    told = version.to_dict().get("manifest")
    manifest = dict(told) if isinstance(told, dict) else {}
    llm = manifest.pop("llm", None)
    options = llm.get("options") if isinstance(llm, dict) else None
    known = options if isinstance(options, dict) else {}
    names = [*known, *(name for name in version.llms if name not in known)]
    if names:
        default = llm.get("default") if isinstance(llm, dict) else None
        given = {name: known.get(name, {"model": name}) for name in names}
        manifest["llm"] = {"default": default if default in given else names[0], "options": given}
    elif isinstance(llm, dict):
        manifest["llm"] = llm
    manifest["name"] = name
    if not isinstance(manifest.get("sandbox", {}), dict):
        del manifest["sandbox"]
    rest = {field: value for field, value in manifest.items() if field not in _NO_PROMPT}
    return {**manifest, _OF_ELSEWHERE: _prompt_digest(rest, llm or {}, version.archive_sha256)}


def takes_any_llm(manifest: JsonObject) -> bool:
    """Whether another Dari is asked, which has not told the LLM options of the agent."""
    return _OF_ELSEWHERE in manifest and "llm" not in manifest


def plays_alike(version: VersionRecord, line: AgentLine) -> bool:
    """Whether what is asked of an agent's version is found on a tape that tells this of it."""
    own = agent_line(version, line.agent)
    is_default = not line.llms or own.default == line.default
    return (
        is_default
        and own.prompt == line.prompt
        and all(own.llms.get(name) == settings for name, settings in line.llms.items())
    )


def _prompt(version: VersionRecord, llm: Mapping[str, Any]) -> str | None:
    """A hash of what an agent is told, which a function is not."""
    for told in (OF_TAPE, _OF_ELSEWHERE):
        if told in version.manifest:
            return version.manifest[told]  # type: ignore[no-any-return]
    rest = {name: value for name, value in version.manifest.items() if name not in _NO_PROMPT}
    return _prompt_digest(rest, llm, version.archive_sha256)


def _prompt_digest(rest: JsonObject, llm: Any, archive: str | None) -> str | None:
    if rest in ({}, {"harness": "local"}) and archive is None:
        return None
    single = None if not isinstance(llm, dict) or "options" in llm else llm
    return digest_of([rest, single, archive])


def _settings(option: Any) -> dict[str, Any]:
    return dict(option) if isinstance(option, dict) else {"model": option}
