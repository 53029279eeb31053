"""Where the key of a model comes from."""

from __future__ import annotations

import os
from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from ..._secret import hidden
from ..network.addresses import origin
from .settings import BASE_URLS, PROVIDER_KEYS, Llm


@dataclass(frozen=True)
class SessionSecrets:
    """What a session was given that nobody gets to see again; it is kept in memory only.

    Attributes:
        llm_api_key: The key of its model.
        secrets: Values by name, in place of stored credentials.
    """

    llm_api_key: str | None = field(default=None, repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


def may_take_from_environment(llm: Llm, allowed: Container[str]) -> bool:
    """Whether a bundle's LLM may have the variable that it names.

    A bundle names the variable and the address, so it could carry anything away: it gets what the
    operator allows, and a provider's own variable for that provider's own address.
    """
    if llm.key_name in allowed:
        return True
    own = PROVIDER_KEYS.get(llm.key_name or "")
    return own is not None and origin(llm.base_url) == origin(BASE_URLS[own])


def key_of(
    llm: Llm, own: SessionSecrets, credentials: Mapping[str, str], *, sees_environment: bool
) -> str | None:
    """Find a model's key: the session's, its secrets, the settings, credentials, the environment.

    Args:
        llm: The model.
        own: What the session was given.
        credentials: The stored credentials of its organization.
        sees_environment: Whether the server's environment may have it.
    """
    name = llm.key_name
    found = own.llm_api_key or (own.secrets.get(name) if name else None) or llm.key
    if not found and name:
        found = credentials.get(name) or (os.environ.get(name) if sees_environment else None)
    return hidden(found) if found else None
