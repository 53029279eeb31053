"""What the chat template of a running model has a place for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...cancelling import shielded

if TYPE_CHECKING:
    import httpx

_SECONDS = 10.0


async def template_takes_tools(client: httpx.AsyncClient, url: str, key: str | None) -> bool:
    """Ask llama.cpp whether a model's template tells it of tools; so it does where nobody says.

    Args:
        client: What sends the request.
        url: Where the model is asked, up to and with ``/v1``.
        key: The key that its server wants.
    """
    import httpx

    try:
        headers = {"Authorization": f"Bearer {key}"}
        place = f"{url.removesuffix('/v1')}/props"
        answer = await shielded(client.get(place, headers=headers, timeout=_SECONDS))
        told: Any = answer.json()
    except (httpx.HTTPError, ValueError):
        return True
    able = told.get("chat_template_caps") if isinstance(told, dict) else None
    return not isinstance(able, dict) or able.get("supports_tools") is not False
