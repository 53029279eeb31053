"""What a tool's answer looks like, as far as the agent's bundle tells."""

from __future__ import annotations

import json
from functools import lru_cache
from posixpath import join
from typing import TYPE_CHECKING, Any

from ... import models
from ...errors import DariError

if TYPE_CHECKING:
    from ..connection import Link


def output_schema(link: Link, session: models.Session, tool: str) -> dict[str, Any] | None:
    """Return the JSON Schema of an external tool's answer; ``None`` when nothing tells it."""
    if session.agent_id is None or session.version_id is None:
        return None
    return _schema(link, session.agent_id, session.version_id, tool)


@lru_cache(maxsize=64)
def _schema(link: Link, agent_id: str, version_id: str, tool: str) -> dict[str, Any] | None:
    import yaml  # type: ignore[import-untyped]

    def read(path: str) -> str:
        return link.client.agents.read_bundle_file(agent_id, version_id, path)

    folder = f"tools/{tool}"
    try:
        about = yaml.safe_load(read(f"{folder}/tool.yml"))
        schema = json.loads(read(join(folder, about["output_schema"])))
    except (DariError, yaml.YAMLError, ValueError, KeyError, TypeError):
        return None
    return schema if isinstance(schema, dict) else None
