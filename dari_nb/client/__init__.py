"""The API's nouns and verbs on ids, sync and async, over httpx; usable alone."""

from ._client import AsyncClient, Client
from ._request import State
from ._retry import Reconnect, Retry
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
