"""The API's nouns and verbs on ids, sync and async, over httpx; usable alone."""

from ._client import AsyncClient, Client
from ._following import Reconnect, State
from ._retry import Retry
from ._stream import AsyncEventStream, EventStream

__all__ = [
    "AsyncClient",
    "AsyncEventStream",
    "Client",
    "EventStream",
    "Reconnect",
    "Retry",
    "State",
]
