"""Routes of session batches (contract, section 11)."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ...models import Content
from ..service import batches
from ..service.batches import NewItem
from ..service.sessions import NewMessage
from .answers import access_of, given, json_answer
from .bodies import Block, SessionBody, Unforked
from .openapi import Operations
from .openapi.shapes import BATCH_ITEM_STATUSES, ref

OPERATIONS = Operations()

# What breaks these is a 400 of `batches.create`.
_ITEMS = msgspec.Meta(extra_json_schema={"minItems": 1, "maxItems": batches.MAX_ITEMS})
_KEY = msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": batches.MAX_KEY})


class MessageBody(msgspec.Struct, kw_only=True):
    """The first message of an item."""

    content: list[Block]
    metadata: dict[str, Any] | None = None


class ItemBody(Unforked, kw_only=True):
    """One session to make, with its first message; what breaks a rule fails this item alone."""

    agent_id: str
    message: MessageBody
    version_id: str | None = None
    llm_id: str | None = None
    metadata: dict[str, str] | None = None
    secrets: dict[str, str] | None = None

    def wish(self, content: Content) -> NewItem:
        """What the item asks for, with its content as it came."""
        session = SessionBody(
            version_id=self.version_id,
            llm_id=self.llm_id,
            metadata=self.metadata,
            secrets=self.secrets,
        )
        message = NewMessage(content, self.message.metadata)
        return NewItem(self.agent_id, session.wish(), message)


class BatchBody(msgspec.Struct, kw_only=True):
    """A new batch."""

    items: Annotated[list[ItemBody], _ITEMS]
    idempotency_key: Annotated[str, _KEY] | None = None


@OPERATIONS.serve("POST", "/session-batches", 201, ref("Batch"), refusals=(400, 403, 404))
async def create_batch(request: Request, body: BatchBody) -> Response:
    """Start up to 100 sessions at once; a key that was used before gives the original batch."""
    access = access_of(request)
    # The blocks go into the ledgers as they came.
    contents = [raw["message"]["content"] for raw in given(request)["items"]]
    items = [item.wish(content) for item, content in zip(body.items, contents, strict=True)]
    return json_answer(batches.create(access, items, body.idempotency_key), 201)


@OPERATIONS.serve("GET", "/session-batches/{batch_id}", 200, ref("Batch"), refusals=(404,))
async def get_batch(request: Request) -> Response:
    """How far a batch is, with the counts of its items."""
    access = access_of(request)
    wire = batches.to_wire(access, batches.find(access, request.path_params["batch_id"]))
    counts = Counter(child["status"] for child in wire["sessions"])
    return json_answer(
        wire | {"counts": {status: counts[status] for status in BATCH_ITEM_STATUSES}}
    )
