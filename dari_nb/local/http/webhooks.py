"""Routes of an agent's webhook (contract, section 12)."""

from __future__ import annotations

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ...models import WEBHOOK_EVENT_TYPES
from ..service import webhooks
from ..store.records import WebhookRecord
from .answers import access_of, json_answer
from .openapi import Operations
from .openapi.shapes import ref

OPERATIONS = Operations()
_WEBHOOK = "/agents/{agent_id}/webhook"
_URL = msgspec.Meta(extra_json_schema={"format": "uri"})
_TYPE = msgspec.Meta(extra_json_schema={"enum": list(WEBHOOK_EVENT_TYPES)})


class WebhookBody(msgspec.Struct, kw_only=True):
    """A webhook to set."""

    webhook_url: Annotated[str, _URL]
    event_types: list[Annotated[str, _TYPE]] | None = None


@OPERATIONS.serve("GET", _WEBHOOK, 200, ref("Webhook"), refusals=(404,))
async def get_webhook(request: Request) -> Response:
    """An agent's webhook, without its secret."""
    return _answer(webhooks.find(access_of(request), request.path_params["agent_id"]))


@OPERATIONS.serve("PUT", _WEBHOOK, 200, ref("Webhook"), refusals=(400, 404))
async def set_webhook(request: Request, body: WebhookBody) -> Response:
    """Set the webhook; a new one shows its secret, and what is left out stays."""
    access, agent_id = access_of(request), request.path_params["agent_id"]
    webhook, is_new = webhooks.put(access, agent_id, body.webhook_url, body.event_types)
    return _answer(webhook, shown=is_new)


@OPERATIONS.serve("DELETE", _WEBHOOK, 200, ref("Webhook"), refusals=(404,))
async def clear_webhook(request: Request) -> Response:
    """Remove the webhook."""
    webhooks.clear(access_of(request), request.path_params["agent_id"])
    return _answer(None)


@OPERATIONS.serve("POST", f"{_WEBHOOK}/rotate-secret", 200, ref("Webhook"), refusals=(404, 409))
async def rotate_webhook_secret(request: Request) -> Response:
    """Make a new secret; 409 when there is no webhook."""
    webhook = webhooks.rotate(access_of(request), request.path_params["agent_id"])
    return _answer(webhook, shown=True)


def _answer(webhook: WebhookRecord | None, *, shown: bool = False) -> Response:
    return json_answer(
        {
            "webhook_url": webhook.url if webhook else None,
            "signing_enabled": webhook is not None,
            "event_types": webhook.event_types if webhook else [],
            "signing_secret": webhook.secret if webhook and shown else None,
        }
    )
