"""The API's nouns and verbs on ids, sync and async, over httpx; usable alone."""

from ._client import AsyncClient, Client
from ._request import State
from ._retry import Reconnect, Retry
from ._stream import AsyncEventStream, EventStream
from .endpoints.batches import batch_item

__all__ = [
    "AsyncClient",
    "AsyncEventStream",
    "Client",
    "EventStream",
    "Reconnect",
    "Retry",
    "State",
    "batch_item",
]
