"""Whether an agent's model is told of the functions that are to answer its calls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...errors import DariError, InvalidRequestError
from ..connection import Link

_NOT_OFFERED = (
    "The model of {agent} is not offered {names}{known}, and can never call it: publish an agent "
    "that has it, such as with %%dari_publish NAME --tools {joined}, or "
    "agents.publish_prompt(…, tools=[{joined}]). Nothing was sent."
)


def check_offered(
    link: Link, agent: str, agent_id: str | None, version_id: str | None, names: Iterable[str]
) -> None:
    """See to it that a version offers its model each of some tools, as far as it tells which.

    A function that is an agent calls what it likes, and so may extensions.

    Raises:
        InvalidRequestError: It does not offer one of them.
    """
    wanted = list(names)
    if not wanted or not agent_id or not version_id:
        return
    declared = _declared(_manifest(link, agent_id, version_id))
    missing = [name for name in wanted if declared is not None and name not in declared]
    if missing:
        raise InvalidRequestError(
            _NOT_OFFERED.format(
                agent=agent,
                names=" and ".join(missing),
                known=f" (but {', '.join(sorted(declared))})" if declared else "",
                joined=",".join(missing),
            ),
            code="tool_not_declared",
        )


def _manifest(link: Link, agent_id: str, version_id: str) -> dict[str, Any]:
    try:
        told = link.client.agents.version(agent_id, version_id).to_dict().get("manifest")
    except DariError:
        return {}
    return told if isinstance(told, dict) else {}


def _declared(manifest: dict[str, Any]) -> set[str] | None:
    """The tools of a manifest that others answer; ``None`` where it does not tell them all."""
    if manifest.get("harness") in (None, "local") or manifest.get("extensions"):
        return None
    entries = manifest.get("custom_tools") or []
    names = [entry.get("name") if isinstance(entry, dict) else None for entry in entries]
    return None if None in names else set(map(str, names))
