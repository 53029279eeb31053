"""What a configuration brings to a server."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..errors import InvalidRequestError
from .configuration import Configuration
from .python_files import load_agents
from .server import LocalDari


def apply_config(server: LocalDari, configuration: Configuration, files: Sequence[Path]) -> None:
    """Give a server the organizations and agents of a configuration; again, it replaces them.

    Args:
        server: The server, which has the configuration's LLMs, prices and limits.
        configuration: What it brings.
        files: Files of agents, those of the configuration among them.

    Raises:
        InvalidRequestError: A variable with a key is not set, the key is another's, or a bundle or
            file is of no use.
    """
    for name, table in configuration.organizations.items():
        key = os.environ.get(table.key_env)
        if not key:
            raise InvalidRequestError(
                f"organizations.{name}.key_env: the variable {table.key_env} is not set.",
                code="missing_variable",
            )
        server.organization(
            name, api_key=key, internet_access=table.internet_access, max_cost=table.max_cost
        )
    for folder in configuration.bundles:
        server.publish(folder)
    for path in files:
        load_agents(server, path)
