"""What a tool's answer looks like, as far as the agent's bundle tells."""

from __future__ import annotations

import json
from functools import lru_cache
from posixpath import join
from typing import TYPE_CHECKING, Any

from ..errors import DariError

if TYPE_CHECKING:
    from .dari import Dari
    from .session import Session


def output_schema(session: Session, tool: str) -> dict[str, Any] | None:
    """Return the JSON Schema of an external tool's answer; ``None`` when nothing tells it."""
    version_id = session.resource.version_id
    if session.agent_id is None or version_id is None:
        return None
    return _schema(session.dari, session.agent_id, version_id, tool)


@lru_cache(maxsize=64)
def _schema(dari: Dari, agent_id: str, version_id: str, tool: str) -> dict[str, Any] | None:
    import yaml  # type: ignore[import-untyped]

    def read(path: str) -> str:
        return dari.client.agents.read_bundle_file(agent_id, version_id, path)

    folder = f"tools/{tool}"
    try:
        about = yaml.safe_load(read(f"{folder}/tool.yml"))
        schema = json.loads(read(join(folder, about["output_schema"])))
    except (DariError, yaml.YAMLError, ValueError, KeyError, TypeError):
        return None
    return schema if isinstance(schema, dict) else None
