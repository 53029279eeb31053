"""The API's nouns and verbs on ids, sync and async, over httpx; usable alone."""

from ._client import AsyncClient, Client
from ._request import State
from ._retry import Reconnect, Retry
from ._stream import AsyncEventStream, EventStream
from .bundle import Bundle
from .endpoints.batches import batch_item
from .endpoints.publishing import Progress
from .fetching import Fetching, fetch_many
from .webhooks import verify_webhook
from .workspace import Limits, Workspace, WorkspaceFile

__all__ = [
    "AsyncClient",
    "AsyncEventStream",
    "Bundle",
    "Client",
    "EventStream",
    "Fetching",
    "Limits",
    "Progress",
    "Reconnect",
    "Retry",
    "State",
    "Workspace",
    "WorkspaceFile",
    "batch_item",
    "fetch_many",
    "verify_webhook",
]
