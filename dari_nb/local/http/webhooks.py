"""Routes of an agent's webhook (contract, section 12)."""

from __future__ import annotations

import secrets

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...models import WEBHOOK_EVENT_TYPES
from ..backend import Backend
from ..posting import checked_url
from ..records import WebhookRecord
from ..resources import Refusal
from .answers import backend_of, body_of, json_answer
from .bodies import shaped


class WebhookBody(msgspec.Struct, kw_only=True):
    """A webhook to set."""

    webhook_url: str
    event_types: list[str] | None = None

    def check(self) -> None:
        """Hold the rules that the shape cannot express."""
        try:
            checked_url(self.webhook_url)
        except ValueError as error:
            raise Refusal(400, str(error)) from None
        for name in self.event_types or ():
            if name not in WEBHOOK_EVENT_TYPES:
                raise Refusal(400, f"Unknown event type {name!r}: {', '.join(WEBHOOK_EVENT_TYPES)}")


async def get_webhook(request: Request) -> Response:
    """``GET /agents/{agent_id}/webhook``, without the secret."""
    backend = backend_of(request)
    agent = backend.agent(request.path_params["agent_id"])
    return _answer(backend.store.webhook(agent.id))


async def set_webhook(request: Request) -> Response:
    """``PUT /agents/{agent_id}/webhook``: what is left out stays, the secret too."""
    backend, data = backend_of(request), await body_of(request)
    agent = backend.live_agent(request.path_params["agent_id"])
    body = shaped(data, WebhookBody)
    body.check()
    old = backend.store.webhook(agent.id)
    types = body.event_types
    if types is None:
        types = old.event_types if old else ["tool.call_requested"]
    secret = old.secret if old else _new_secret()
    new = WebhookRecord(url=body.webhook_url, event_types=list(dict.fromkeys(types)), secret=secret)
    backend.store.set_webhook(agent.id, new)
    return _answer(new, shown=old is None)


async def delete_webhook(request: Request) -> Response:
    """``DELETE /agents/{agent_id}/webhook``."""
    backend = backend_of(request)
    agent = backend.agent(request.path_params["agent_id"])
    backend.store.delete_webhook(agent.id)
    return _answer(None)


async def rotate_secret(request: Request) -> Response:
    """``POST /agents/{agent_id}/webhook/rotate-secret``: 409 when there is no webhook."""
    backend: Backend = backend_of(request)
    agent = backend.agent(request.path_params["agent_id"])
    old = backend.store.webhook(agent.id)
    if old is None:
        raise Refusal(409, "This agent has no webhook")
    new = WebhookRecord(url=old.url, event_types=old.event_types, secret=_new_secret())
    backend.store.set_webhook(agent.id, new)
    return _answer(new, shown=True)


def _new_secret() -> str:
    return f"whsec_{secrets.token_hex(24)}"


def _answer(webhook: WebhookRecord | None, *, shown: bool = False) -> Response:
    return json_answer(
        {
            "webhook_url": webhook.url if webhook else None,
            "signing_enabled": webhook is not None,
            "event_types": webhook.event_types if webhook else [],
            "signing_secret": webhook.secret if webhook and shown else None,
        }
    )


ROUTES = [
    Route("/agents/{agent_id}/webhook", get_webhook, methods=["GET"]),
    Route("/agents/{agent_id}/webhook", set_webhook, methods=["PUT"]),
    Route("/agents/{agent_id}/webhook", delete_webhook, methods=["DELETE"]),
    Route("/agents/{agent_id}/webhook/rotate-secret", rotate_secret, methods=["POST"]),
]
