"""API keys of the organization (contract, section 14)."""

from __future__ import annotations

from typing import Any, Literal

from ...models import ApiKey
from .._answers import listing, outcome, whatever
from .._request import Request, Steps, given, path_of


def list_() -> Steps[list[ApiKey]]:
    """List the organization's API keys, without the keys themselves (contract, section 14).

    >>> [key.label for key in client.api_keys.list()]
    [...]
    """
    return listing(path_of("organizations", "current", "api-keys"), "api_keys", ApiKey)


def create(
    label: str, *, key_type: Literal["management", "routing"] | None = None
) -> Request[ApiKey]:
    """Make an API key; its ``api_key`` is in this answer only (contract, section 14).

    Args:
        label: What it is for.
        key_type: ``management`` or ``routing``; servers before July 2026 do not know it.

    >>> client.api_keys.create("course").api_key
    'dari_...'
    """
    return Request(
        method="POST",
        path=path_of("organizations", "current", "api-keys"),
        parse=outcome(ApiKey, "api_key", label=label, key_type=key_type),
        json=given(label=label, key_type=key_type),
    )


def delete(key_id: str) -> Request[dict[str, Any]]:
    """Revoke an API key; returns the server's answer, whose shape is open (contract, section 14).

    Args:
        key_id: The key's id.

    Raises:
        NotFoundError: There is no such key.

    >>> key = client.api_keys.create("course")
    >>> answer = client.api_keys.delete(key.id)
    """
    path = path_of("organizations", "current", "api-keys", key_id)
    return Request(method="DELETE", path=path, parse=whatever, on_404=b"{}")
