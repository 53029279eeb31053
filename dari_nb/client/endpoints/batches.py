"""Session batches: many sessions with one call (contract, section 11)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...errors import InvalidRequestError, TimedOutError
from ...models import Batch, as_content
from ...models.times import checked_seconds
from .._answers import outcome, resource
from .._request import Pause, Request, Steps, checked_key, given, path_of
from ._bodies import Prompt, check_secrets, secret_values

MOST_ITEMS = 100
_FIRST_PAUSE = 0.1


def batch_item(
    agent_id: str,
    content: Prompt,
    *,
    version_id: str | None = None,
    llm_id: str | None = None,
    metadata: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    message_metadata: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Make one item for ``batches.create``, in the API's own shape (contract, section 11).

    Args:
        agent_id: The agent's id; the same for all items of a batch.
        content: The first message: text, or content blocks.
        version_id: A version to pin; by default the active one.
        llm_id: One of the agent's LLM options.
        metadata: Texts by name for the session, by which its item can be recognised.
        secrets: Values for the session's sandbox.
        message_metadata: Goes on the message.

    Raises:
        InvalidRequestError: The content is empty, or a secret is malformed.

    >>> from dari_nb.client import batch_item
    >>> batch_item("agt_1", "Hi", llm_id="small")["message"]
    {'content': [{'type': 'text', 'text': 'Hi'}]}
    """
    check_secrets(secrets)
    message = {"content": as_content(content), **given(metadata=message_metadata)}
    options = given(version_id=version_id, llm_id=llm_id, metadata=metadata, secrets=secrets)
    return {"agent_id": agent_id, **options, "message": message}


def create(
    items: Sequence[Mapping[str, Any]], *, idempotency_key: str | None = None
) -> Request[Batch]:
    """Start up to 100 sessions with a message each (contract, section 11).

    An item that fails does not fail the call: look at each item's ``is_failed`` and ``error``.

    Args:
        items: The sessions in the API's own shape, as ``batch_item`` makes them, all with the
            same agent; a message's content may be text.
        idempotency_key: A second batch with the same key is the first one. Made when not given,
            so that retries never start a batch twice.

    Raises:
        InvalidRequestError: There are no items or over 100, they name several agents, a message
            is empty, or a secret or the key is malformed.

    >>> from dari_nb.client import batch_item
    >>> items = [batch_item(agent.id, task, llm_id="small") for task in ("2 + 2", "3 * 7")]
    >>> client.batches.wait(client.batches.create(items).id).status
    'completed'
    """
    if not 0 < len(items) <= MOST_ITEMS:
        raise InvalidRequestError(
            f"A batch has 1 to {MOST_ITEMS} items, not {len(items)}.", code="invalid_items"
        )
    checked = [_checked(item, place) for place, item in enumerate(items)]
    agents = sorted({item["agent_id"] for item in checked})
    if len(agents) > 1:
        raise InvalidRequestError(
            f"A batch is for one agent, not for {', '.join(agents)}.", code="invalid_items"
        )
    key = checked_key(idempotency_key)
    return Request(
        method="POST",
        path=path_of("session-batches"),
        parse=outcome(Batch, "batch"),
        json={"idempotency_key": key, "items": checked},
        secrets=tuple(value for item in checked for value in secret_values(item)),
        key=key,
    )


def get(batch_id: str) -> Request[Batch]:
    """Get a batch with its items as they stand (contract, section 11).

    Args:
        batch_id: The batch's id.

    Raises:
        NotFoundError: There is no such batch.

    >>> client.batches.get(batch[0, "small"].batch_id).counts["completed"]
    4
    """
    path = path_of("session-batches", batch_id)
    return Request(method="GET", path=path, parse=resource(Batch, "batch", batch_id=batch_id))


def wait(
    batch_id: str,
    *,
    timeout: float | None = None,
    every: float = 2.0,
    on_update: Callable[[Batch], object] | None = None,
) -> Steps[Batch]:
    """Ask for a batch until all its items have ended (contract, section 11).

    Args:
        batch_id: The batch's id.
        timeout: Seconds to wait at most; by default without end.
        every: Seconds between two requests; the first ones come sooner.
        on_update: Called with the batch after each request.

    Raises:
        TimedOutError: It has not ended in time. It goes on; ask again.
        NotFoundError: There is no such batch.

    >>> client.batches.wait(batch[0, "small"].batch_id, timeout=60).status
    'completed'
    """
    checked_seconds(timeout)
    started, pause = time.monotonic(), min(_FIRST_PAUSE, every)
    while True:
        batch = yield from get(batch_id).answer()
        if on_update is not None:
            on_update(batch)
        if batch.is_terminal:
            return batch
        left = float("inf") if timeout is None else started + timeout - time.monotonic()
        if left <= 0:
            raise TimedOutError(f"Batch {batch_id} is {batch.status} after {timeout:g} s.")
        yield Pause(min(pause, left))
        pause = min(2 * pause, every)


def _checked(item: Mapping[str, Any], place: int) -> dict[str, Any]:
    message = item.get("message") if isinstance(item, Mapping) else None
    if not isinstance(message, Mapping) or not isinstance(item.get("agent_id"), str):
        raise InvalidRequestError(
            f"Item {place} of the batch needs an agent_id and a message; see batch_item.",
            code="invalid_items",
        )
    try:
        content = as_content(message.get("content") or "")
        check_secrets(item.get("secrets"))
    except InvalidRequestError as error:
        raise InvalidRequestError(f"Item {place} of the batch: {error}", code=error.code) from None
    return {**item, "message": {**message, "content": content}}
